package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// stopTimeout bounds the time that the program takes to stop all it started; its own bounds add up to less.
const stopTimeout = 30 * time.Second

// Options say how to start a control plane. The zero value is useful.
type Options struct {
	// Progress gets lines for people, such as how far a build has come. Nil means the standard error.
	Progress io.Writer
	// Own starts a control plane even if KUBECONFIG is set.
	Own bool
	// Audit has an owned API server record every request in AuditLog.
	Audit bool
}

// ControlPlane is a control plane that answers.
type ControlPlane struct {
	// Config is for the administrator and does not limit the rate of requests.
	Config *rest.Config
	// Kubeconfig is the path of a kubeconfig for the administrator. Of a cluster that Serin did not start it is KUBECONFIG as it
	// is, which may be a list of paths.
	Kubeconfig string
	// AssetsDir is a folder that holds kubectl. Of an owned control plane it also holds the servers' programs.
	AssetsDir string
	// Dir is the folder with the control plane's files and logs. It is empty if the control plane is not owned.
	Dir string
	// AuditLog is the file in which an owned API server records every request, an audit.k8s.io/v1 Event of level Metadata a
	// line; empty unless Options.Audit asked for it.
	AuditLog string
	// Owned says that Stop ends the control plane.
	Owned bool
	// Version is the version that the API server reports.
	Version string
	// Pids are the process ids of the programs of an owned control plane, by name: etcd, kube-apiserver,
	// kube-controller-manager. One that ends is the end of the control plane; one that is only stopped for a while is not.
	Pids map[string]int

	cmd   *exec.Cmd
	input io.Closer
	ended chan struct{}
	err   error
	stop  sync.Once
}

// Start starts a control plane, or finds the one of KUBECONFIG, and returns when it answers. The context bounds the start;
// afterwards only Stop or the end of this process ends the control plane.
func Start(ctx context.Context, opts Options) (*ControlPlane, error) {
	if opts.Progress == nil {
		opts.Progress = os.Stderr
	}
	program, source, err := Program(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"up"}
	if opts.Own {
		args = append(args, "--own")
	}
	if opts.Audit {
		args = append(args, "--audit")
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = source // The program looks for what it builds from there.
	return start(ctx, cmd, opts.Progress)
}

// Program returns the path of the program of test/cluster, which is built if need be, and the folder that it has to run in.
func Program(ctx context.Context) (path, folder string, err error) {
	root, err := findRoot()
	if err != nil {
		return "", "", err
	}
	folder = filepath.Join(root, "test", "cluster")
	path, err = ensureProgram(ctx, folder)
	return path, folder, err
}

// start runs the program until it says that the control plane answers.
func start(ctx context.Context, cmd *exec.Cmd, progress io.Writer) (*ControlPlane, error) {
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers := make(chan report, 1)
	said := &tail{to: progress}
	cmd.Stdout, cmd.Stderr = &answer{reports: answers}, said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &ControlPlane{cmd: cmd, input: input, ended: make(chan struct{})}
	go func() {
		c.err = cmd.Wait()
		close(c.ended)
	}()
	select {
	case report := <-answers:
		if err := c.adopt(report); err != nil {
			return nil, errors.Join(err, c.Stop())
		}
		return c, nil
	case <-c.ended:
		return nil, fmt.Errorf("the control plane did not start (%w):\n%s", ended(c.err), said.text())
	case <-ctx.Done():
		_ = c.Stop() // It ends without success, as it should.
		return nil, fmt.Errorf("starting the control plane: %w", context.Cause(ctx))
	}
}

// Done is closed when the control plane has ended or, if it is not owned, is no longer watched. That before Stop means that
// something failed, and Stop then says what.
func (c *ControlPlane) Done() <-chan struct{} { return c.ended }

// Stop ends a control plane that is owned and returns when nothing of it is left. A second call does nothing more.
func (c *ControlPlane) Stop() error {
	c.stop.Do(func() {
		_ = c.input.Close() // The end of its input is what the program waits for.
		bound := time.AfterFunc(stopTimeout, func() { _ = c.cmd.Process.Kill() })
		<-c.ended
		bound.Stop()
	})
	if c.err != nil {
		return fmt.Errorf("the control plane: %w", c.err)
	}
	return nil
}

// adopt takes over what the program reports.
func (c *ControlPlane) adopt(r report) error {
	if r.err != nil {
		return r.err
	}
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: filepath.SplitList(r.Kubeconfig)}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return fmt.Errorf("the kubeconfig %s: %w", r.Kubeconfig, err)
	}
	config.QPS = -1 // Tests are not to wait for a limit of their own client.
	c.Config, c.Kubeconfig, c.AssetsDir = config, r.Kubeconfig, r.Assets
	c.Dir, c.Owned, c.Version, c.AuditLog, c.Pids = r.Dir, r.Owned, r.Version, r.Audit, r.Pids
	return nil
}

// ended makes an error of an end without success or with.
func ended(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}
