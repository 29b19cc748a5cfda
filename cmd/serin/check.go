package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// checks is what an installation must answer.
type checks struct {
	// resources are RESOURCE.VERSION.GROUP, as kubectl writes them.
	resources []string
	urls      []string
	timeout   time.Duration
}

func checkCommand(shared *common) *cobra.Command {
	c := &checks{}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Wait until an installation answers, and say what does not: what helm test runs",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := shared.config()
			if err != nil {
				return err
			}
			config = rest.CopyConfig(config)
			config.Timeout = 10 * time.Second // of one request
			client, err := discovery.NewDiscoveryClientForConfig(config)
			if err != nil {
				return err
			}
			return c.run(cmd.Context(), client, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&c.resources, "resources", []string{"canaries.v1alpha1.serin.dev"}, "what the API server must serve, as RESOURCE.VERSION.GROUP")
	flags.StringSliceVar(&c.urls, "url", nil, "what must answer 200 to a GET")
	flags.DurationVar(&c.timeout, "timeout", time.Minute, "how long to wait for all of it")
	return cmd
}

// run asks again and again until everything answers or the time is over. Then its error says what did not.
func (c *checks) run(ctx context.Context, client discovery.DiscoveryInterface, out io.Writer) error {
	began := time.Now()
	for problem := c.once(ctx, client); problem != nil; problem = c.once(ctx, client) {
		if ctx.Err() != nil || time.Since(began) >= c.timeout {
			return fmt.Errorf("after %s: %w", c.timeout, problem)
		}
		wait(ctx, time.Second)
	}
	for _, name := range slices.Concat(c.resources, c.urls) {
		fmt.Fprintf(out, "%s answers\n", name)
	}
	return nil
}

// wait lets time pass, or less if the context ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (c *checks) once(ctx context.Context, client discovery.DiscoveryInterface) error {
	var problems []error
	for _, name := range c.resources {
		if err := served(client, name); err != nil {
			problems = append(problems, fmt.Errorf("the API server does not serve %s: %w", name, err))
		}
	}
	for _, url := range c.urls {
		if err := answers(ctx, url); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// served is an error unless the API server serves a resource. An aggregated API is asked itself.
func served(client discovery.DiscoveryInterface, name string) error {
	resource, _ := schema.ParseResourceArg(name)
	if resource == nil {
		return errors.New("the name is not of the form RESOURCE.VERSION.GROUP")
	}
	list, err := client.ServerResourcesForGroupVersion(resource.GroupVersion().String())
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == resource.Resource }) {
		return errors.New("the group has no such resource")
	}
	return nil
}

func answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 200)) // it only adds to the status
		return fmt.Errorf("%s answers %d: %s", url, response.StatusCode, strings.TrimSpace(string(text)))
	}
	return nil
}
