package canary

import "testing"

// TestMarksOfAMesh is the table of marks by which a mesh is known to take pods in.
func TestMarksOfAMesh(t *testing.T) {
	type set = map[string]string
	label := func(of string, l set) marks { return marks{of: of, labels: l} }
	note := func(of string, a set) marks { return marks{of: of, annotations: a} }
	none := marks{}
	cases := map[string]struct {
		namespace, pod marks
		mesh, mark     string
	}{
		"no mark":                     {none, none, "", ""},
		"Istio's label":               {label("namespace", set{"istio-injection": "enabled"}), none, "Istio", "namespace label istio-injection=enabled"},
		"Istio's revision":            {label("namespace", set{"istio.io/rev": "stable"}), none, "Istio", "namespace label istio.io/rev=stable"},
		"Istio refused":               {label("namespace", set{"istio.io/rev": "stable", "istio-injection": "disabled"}), none, "", ""},
		"Istio's pod":                 {none, label("pod template", set{"sidecar.istio.io/inject": "true"}), "Istio", "pod template label sidecar.istio.io/inject=true"},
		"Istio's pod refuses":         {label("namespace", set{"istio-injection": "enabled"}), label("pod template", set{"sidecar.istio.io/inject": "false"}), "", ""},
		"ambient":                     {label("namespace", set{"istio.io/dataplane-mode": "ambient"}), none, "Istio", "namespace label istio.io/dataplane-mode=ambient"},
		"ambient's pod refuses":       {label("namespace", set{"istio.io/dataplane-mode": "ambient"}), label("pod template", set{"istio.io/dataplane-mode": "none"}), "", ""},
		"Linkerd's namespace":         {note("namespace", set{"linkerd.io/inject": "enabled"}), none, "Linkerd", "namespace annotation linkerd.io/inject=enabled"},
		"Linkerd's pod":               {none, note("pod template", set{"linkerd.io/inject": "enabled"}), "Linkerd", "pod template annotation linkerd.io/inject=enabled"},
		"Linkerd's pod refuses":       {note("namespace", set{"linkerd.io/inject": "enabled"}), note("pod template", set{"linkerd.io/inject": "disabled"}), "", ""},
		"Kuma's namespace":            {label("namespace", set{"kuma.io/sidecar-injection": "enabled"}), none, "Kuma", "namespace label kuma.io/sidecar-injection=enabled"},
		"Kuma's pod says true":        {none, label("pod template", set{"kuma.io/sidecar-injection": "true"}), "Kuma", "pod template label kuma.io/sidecar-injection=true"},
		"Kuma's pod refuses":          {label("namespace", set{"kuma.io/sidecar-injection": "enabled"}), label("pod template", set{"kuma.io/sidecar-injection": "disabled"}), "", ""},
		"a label where Linkerd looks": {label("namespace", set{"linkerd.io/inject": "enabled"}), none, "", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if mesh, mark := meshOf(tc.namespace, tc.pod); mesh != tc.mesh || mark != tc.mark {
				t.Errorf("got %q (%s), want %q (%s)", mesh, mark, tc.mesh, tc.mark)
			}
		})
	}
}

// TestMarksOfSMI is the table of marks by which a mesh is known to read TrafficSplits.
func TestMarksOfSMI(t *testing.T) {
	type set = map[string]string
	cases := map[string]struct {
		namespace, pod marks
		mesh           string
	}{
		"no mark":            {marks{}, marks{}, ""},
		"OSM":                {marks{labels: set{"openservicemesh.io/monitored-by": "osm"}}, marks{}, "OSM"},
		"NGINX Service Mesh": {marks{labels: set{"injector.nsm.nginx.com/auto-inject": "enabled"}}, marks{}, "NGINX Service Mesh"},
		"its pod":            {marks{}, marks{annotations: set{"injector.nsm.nginx.com/auto-inject": "true"}}, "NGINX Service Mesh"},
		"Traefik Mesh":       {marks{annotations: set{"mesh.traefik.io/traffic-type": "http"}}, marks{}, "Traefik Mesh"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if mesh, _ := smiOf(tc.namespace, tc.pod); mesh != tc.mesh {
				t.Errorf("got %q, want %q", mesh, tc.mesh)
			}
		})
	}
}
