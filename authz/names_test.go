package authz

import (
	"errors"
	"strings"
	"testing"
)

// show is a caller in a few words.
func show(c caller) string {
	if c.unknown != "" {
		return "unknown: " + c.unknown
	}
	return c.domain + " " + c.identity.String()
}

func TestNamesOfCallers(t *testing.T) {
	usual := newTrust(Options{TrustDomains: []string{"cluster.local", "mesh-1.zone-1.mesh.local"}})
	osm := newTrust(Options{TrustDomains: []string{"cluster.local"}, OSMOrder: true})
	linkerd := func(name string) func() caller { return func() caller { return usual.fromLinkerd(name) } }
	spiffe := func(name string) func() caller { return func() caller { return usual.fromSPIFFE(name) } }
	const account = "does not name a ServiceAccount"
	tests := map[string]struct {
		read func() caller
		want string
	}{
		"the usual form":                  {spiffe("spiffe://cluster.local/ns/shop/sa/client"), "cluster.local shop/client"},
		"without a scheme, as Istio":      {spiffe("cluster.local/ns/shop/sa/client"), "cluster.local shop/client"},
		"Kuma's MeshIdentity":             {spiffe("spiffe://mesh-1.zone-1.mesh.local/ns/shop/sa/client"), "mesh-1.zone-1.mesh.local shop/client"},
		"a ServiceAccount with dots":      {spiffe("spiffe://cluster.local/ns/shop/sa/a.b"), "cluster.local shop/a.b"},
		"Kuma before that":                {spiffe("spiffe://cluster.local/client_shop_svc_80"), account},
		"Consul":                          {spiffe("spiffe://cluster.local/ns/shop/dc/dc1/svc/client"), account},
		"OSM's order, untold":             {spiffe("spiffe://cluster.local/client/shop"), account},
		"OSM's order":                     {func() caller { return osm.fromSPIFFE("spiffe://cluster.local/client/shop") }, "cluster.local shop/client"},
		"the usual form where OSM is":     {func() caller { return osm.fromSPIFFE("spiffe://cluster.local/ns/shop/sa/client") }, "cluster.local shop/client"},
		"OSM's order of the name ns":      {func() caller { return osm.fromSPIFFE("spiffe://cluster.local/ns/shop") }, account},
		"Kuma where OSM is":               {func() caller { return osm.fromSPIFFE("spiffe://cluster.local/client") }, account},
		"more than two where OSM is":      {func() caller { return osm.fromSPIFFE("spiffe://cluster.local/a/b/c") }, account},
		"a foreign domain":                {spiffe("spiffe://other/ns/shop/sa/client"), `its trust domain "other" is not among cluster.local, mesh-1.zone-1.mesh.local`},
		"a domain that begins alike":      {spiffe("spiffe://cluster.local.evil/ns/shop/sa/client"), `its trust domain "cluster.local.evil" is not among`},
		"a domain with a port":            {spiffe("spiffe://cluster.local:1/ns/shop/sa/client"), "is not a SPIFFE ID"},
		"a domain with a user":            {spiffe("spiffe://x@cluster.local/ns/shop/sa/client"), "is not a SPIFFE ID"},
		"another scheme":                  {spiffe("https://cluster.local/ns/shop/sa/client"), "is not a SPIFFE ID"},
		"a scheme in upper case":          {spiffe("SPIFFE://cluster.local/ns/shop/sa/client"), "is not a SPIFFE ID"},
		"a query":                         {spiffe("spiffe://cluster.local/ns/shop/sa/client?x"), "is not a SPIFFE ID"},
		"an encoded slash":                {spiffe("spiffe://cluster.local/ns/shop%2Fsa%2Fclient"), "is not a SPIFFE ID"},
		"dot segments":                    {spiffe("spiffe://cluster.local/ns/other/../shop/sa/client"), "is not a SPIFFE ID"},
		"a slash at the end":              {spiffe("spiffe://cluster.local/ns/shop/sa/client/"), "is not a SPIFFE ID"},
		"more at the end":                 {spiffe("spiffe://cluster.local/ns/shop/sa/client/x"), account},
		"an infix twice":                  {spiffe("spiffe://cluster.local/ns/shop/sa/x/sa/client"), account},
		"upper case":                      {spiffe("spiffe://cluster.local/ns/Shop/sa/client"), account},
		"no ServiceAccount":               {spiffe("spiffe://cluster.local/ns/shop"), account},
		"only a domain":                   {spiffe("spiffe://cluster.local"), account},
		"nothing":                         {spiffe(""), "is not a SPIFFE ID"},
		"two lines":                       {spiffe("spiffe://cluster.local\n/ns/shop/sa/client"), `unknown: "spiffe://cluster.local\n/ns`},
		"a long one":                      {spiffe(strings.Repeat("x", 5000)), `x"... (5000 bytes) is not among cluster.local`},
		"a namespace with a dot":          {spiffe("spiffe://cluster.local/ns/a.b/sa/client"), account},
		"a namespace too long":            {spiffe("spiffe://cluster.local/ns/" + strings.Repeat("a", 64) + "/sa/client"), account},
		"a hyphen at the end":             {spiffe("spiffe://cluster.local/ns/shop/sa/client-"), account},
		"Linkerd":                         {linkerd("client.shop.serviceaccount.identity.linkerd.cluster.local"), "cluster.local shop/client"},
		"Linkerd, with dots":              {linkerd("a.b.shop.serviceaccount.identity.linkerd.cluster.local"), "cluster.local shop/a.b"},
		"Linkerd, another listed domain":  {linkerd("client.shop.serviceaccount.identity.linkerd.mesh-1.zone-1.mesh.local"), "mesh-1.zone-1.mesh.local shop/client"},
		"Linkerd, a foreign domain":       {linkerd("client.shop.serviceaccount.identity.linkerd.other"), "is not SERVICEACCOUNT.NAMESPACE.serviceaccount.identity.linkerd.DOMAIN of a domain among cluster.local"},
		"Linkerd, a domain in the name":   {linkerd("client.shop.serviceaccount.identity.linkerd.cluster.local.evil"), "is not SERVICEACCOUNT"},
		"Linkerd, a name within the name": {linkerd("client.shop.serviceaccount.identity.linkerd.other.serviceaccount.identity.linkerd.cluster.local"), "cluster.local other/client.shop.serviceaccount.identity.linkerd"},
		"Linkerd, no namespace":           {linkerd("client.serviceaccount.identity.linkerd.cluster.local"), "is not SERVICEACCOUNT"},
		"Linkerd, two joined":             {linkerd("a.b.serviceaccount.identity.linkerd.cluster.local,client.shop.serviceaccount.identity.linkerd.cluster.local"), "is not SERVICEACCOUNT"},
		"Linkerd, empty":                  {linkerd(""), "is not SERVICEACCOUNT"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := show(tc.read())
			known := !strings.HasPrefix(got, "unknown")
			if known && got != tc.want || !strings.Contains(got, tc.want) {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestLastElementOfXFCC(t *testing.T) {
	tests := map[string]struct {
		header, want string
		err          error
	}{
		"one":                              {header: "By=a;Hash=b;URI=c", want: "c"},
		"several":                          {header: "URI=a,URI=b;By=x", want: "b"},
		"with spaces after commas":         {header: "URI=a, URI=b", want: "b"},
		"a quoted URI":                     {header: `URI="a,b;c=d"`, want: "a,b;c=d"},
		"escapes":                          {header: `Subject="a\"b\\";URI=c`, want: "c"},
		"a comma in quotes":                {header: `URI=a,Subject="CN=x,URI=b";URI=c`, want: "c"},
		"an empty Subject":                 {header: `Subject="";URI=c`, want: "c"},
		"an empty value":                   {header: `By=;URI=c`, want: "c"},
		"an equals sign in a value":        {header: `URI=a=b`, want: "a=b"},
		"a chain of certificates":          {header: `Cert="-----BEGIN%20CERTIFICATE-----%0A";Chain="x";URI=c;DNS=a;DNS=b`, want: "c"},
		"another case of the key":          {header: "uri=a", want: "a"},
		"empty":                            {header: "", err: errXFCCEmpty},
		"a comma at the end":               {header: "URI=a,", err: errXFCCEmpty},
		"a comma too many":                 {header: "URI=a,,URI=b", err: errXFCCEmpty},
		"a semicolon at the end":           {header: "URI=a;", err: errXFCCKey},
		"no key":                           {header: "=a", err: errXFCCKey},
		"no value":                         {header: "URI", err: errXFCCKey},
		"a quote before the equals sign":   {header: `U"RI=a`, err: errXFCCKey},
		"an open quote":                    {header: `URI="a`, err: errXFCCUnfinished},
		"an open quote that ends escaping": {header: `URI="a\`, err: errXFCCUnfinished},
		"a quote within a value":           {header: `URI=a"b"`, err: errXFCCQuote},
		"something after a quote":          {header: `X="a"b;URI=c`, err: errXFCCQuote},
		"the last has no URI":              {header: "URI=a,By=b", err: errXFCCNoURI},
		"an empty URI":                     {header: "URI=a,URI=", err: errXFCCNoURI},
		"two URIs":                         {header: "URI=a;uri=b", err: errXFCCManyURIs},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := lastURI(tc.header); got != tc.want || !errors.Is(err, tc.err) {
				t.Errorf("got %q and error %v, want %q and %v", got, err, tc.want, tc.err)
			}
		})
	}
}

// FuzzXFCC holds the promise: whatever a client sends, once Envoy has added its element the answer is Envoy's, or none.
func FuzzXFCC(f *testing.F) {
	for _, seed := range []string{"", "URI=a", `X="`, `X="\`, `URI=a;X="`, `X=",URI=b;Y="`, ",", ";", `\`, `"`, "URI=a,", `X="a"`} {
		f.Add(seed)
	}
	const own = "spiffe://cluster.local/ns/shop/sa/mallory"
	added := []string{
		"By=spiffe://cluster.local/ns/shop/sa/web;Hash=ab;URI=" + own,
		`By=spiffe://cluster.local/ns/shop/sa/web;Hash=ab;Subject="";URI=` + own,
		`Hash=ab;Subject="CN=x,O=\"URI=spiffe://cluster.local/ns/shop/sa/client;Y=";URI=` + own,
		`Hash=ab;Cert="-----BEGIN%20CERTIFICATE-----";Subject="OU=a,CN=b";URI=` + own + ";DNS=a;DNS=b",
	}
	f.Fuzz(func(t *testing.T, sent string) {
		for _, element := range added {
			if uri, err := lastURI(sent + "," + element); err == nil && uri != own {
				t.Errorf("%q was sent, and the caller is %q", sent, uri)
			}
		}
	})
}

// FuzzNames holds that what is read is a name that Kubernetes would accept, written the way it was read.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"spiffe://cluster.local/ns/a/sa/b", "spiffe://cluster.local/b/a", "a.b.serviceaccount.identity.linkerd.cluster.local", "a/b/80", ""} {
		f.Add(seed)
	}
	osm := newTrust(Options{TrustDomains: []string{"cluster.local"}, OSMOrder: true})
	f.Fuzz(func(t *testing.T, text string) {
		if c := osm.fromSPIFFE(text); c.unknown == "" {
			id := c.identity
			usual, other := "cluster.local/ns/"+id.Namespace+"/sa/"+id.ServiceAccount, "cluster.local/"+id.ServiceAccount+"/"+id.Namespace
			if bare := strings.TrimPrefix(text, "spiffe://"); bare != usual && bare != other {
				t.Errorf("%q is read as %s", text, id)
			}
		}
		if c := osm.fromLinkerd(text); c.unknown == "" && text != c.identity.ServiceAccount+"."+c.identity.Namespace+linkerdInfix+"cluster.local" {
			t.Errorf("%q is read as %s", text, c.identity)
		}
		if to, ok := parseDestination(text); ok && (to.port < 1 || to.port > 65535 || !strings.HasPrefix(text, to.Namespace+"/"+to.ServiceAccount+"/")) {
			t.Errorf("%q is read as %v", text, to)
		}
	})
}
