package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// served is what a proxy says of an apex at /debug/table.
type served struct {
	Apex  string `json:"apex"`
	Ports []struct {
		Versions []struct {
			Backend   string `json:"backend"`
			Endpoints []struct {
				Workload string `json:"workload"`
			} `json:"endpoints"`
		} `json:"versions"`
	} `json:"ports"`
}

// serving returns nil once every proxy leads each of the namespace's apexes to pods that it knows, and the apexes lead to it.
func (p *proxies) serving(ctx context.Context, namespace string) error {
	all, err := p.services.Endpoints(ctx, proxyPods, adminPort)
	if err != nil || len(all) != 2 {
		return fmt.Errorf("%d proxies run (%w)", len(all), err)
	}
	for _, at := range all {
		if err := p.leads(ctx, at, namespace); err != nil {
			return fmt.Errorf("proxy %s: %w", at, err)
		}
	}
	for _, apex := range []string{"app", "all-b", "all-c"} {
		ends, err := p.services.Endpoints(ctx, types.NamespacedName{Namespace: namespace, Name: apex}, 8080)
		if err != nil || len(ends) != 2 {
			return fmt.Errorf("%s leads to %d proxies (%w)", apex, len(ends), err)
		}
	}
	return nil
}

func (p *proxies) leads(ctx context.Context, proxy netip.AddrPort, namespace string) error {
	transport := &http.Transport{DialContext: p.network.DialFrom(p.outside), DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+proxy.String()+"/debug/table", http.NoBody)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: transport, Timeout: 5 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var table struct{ Apexes []served }
	if err := json.NewDecoder(response.Body).Decode(&table); err != nil {
		return err
	}
	leads := map[string]int{}
	for _, apex := range table.Apexes {
		for _, port := range apex.Ports {
			for _, version := range port.Versions {
				for _, end := range version.Endpoints {
					if end.Workload == version.Backend {
						leads[apex.Apex]++
					}
				}
			}
		}
	}
	if leads[namespace+"/app"] != 2 || leads[namespace+"/all-b"] != 1 || leads[namespace+"/all-c"] != 1 {
		return fmt.Errorf("it leads to %v", leads)
	}
	return nil
}
