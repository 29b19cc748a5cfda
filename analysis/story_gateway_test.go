package analysis

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// gatewayShop is a shop whose callers come by a Gateway.
func gatewayShop() v1alpha1.CanarySpec {
	return shopSpec(func(s *v1alpha1.CanarySpec) {
		s.Traffic.GatewayRefs = []v1alpha1.GatewayRef{{Kind: "Gateway", Name: "web"}}
	})
}

func storyGateway() *teller {
	t := adoptedShop(gatewayShop())
	release(t, "2", app{fails: 0.001})
	t.run(4 * time.Minute)
	return t
}

func storyGatewayRefuses() *teller {
	t := tell(gatewayShop())
	t.plane.stuck = true
	t.do("the Canary is made, and the Gateway allows no route of this namespace", func() {})
	t.run(30 * time.Second)
	t.do("the Gateway's listener allows it", func() { t.plane.stuck = false })
	t.run(30 * time.Second)
	return t
}

func storyGatewayLater() *teller {
	t := tell(gatewayShop())
	t.planes.HTTPRoutes = false
	t.do("the Canary is made", func() {})
	t.run(30 * time.Second)
	t.do("the CRDs of the Gateway API are installed", func() { t.planes.HTTPRoutes = true })
	t.run(30 * time.Second)
	return t
}

func storyGatewayDeleted() *teller {
	t := adoptedShop(gatewayShop())
	t.do("the Canary is deleted", func() { t.deleting = true })
	t.run(2 * time.Minute)
	return t
}
