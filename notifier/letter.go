package notifier

import (
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// Service is a kind of place that messages go to.
type Service string

// The services.
const (
	Slack      Service = "slack"
	Teams      Service = "teams"
	Discord    Service = "discord"
	GoogleChat Service = "googleChat"
	Webhook    Service = "webhook"
)

// services are all services, for whatever is made once for each.
func services() []Service { return []Service{Slack, Teams, Discord, GoogleChat, Webhook} }

// Destination is a place that messages go to. It holds no secret, only the name of one.
type Destination struct {
	// Service says what is there.
	Service Service
	// Namespace is the namespace of the Secret.
	Namespace string
	// SecretName names the Secret; its key "address" holds a URL. For Slack the key "token" may hold a bot token instead,
	// for a webhook a bearer token beside the address.
	SecretName string
	// Channel is a Slack channel's name or ID. A bot token needs it; no other way to post does.
	Channel string
}

// ID names the destination, such as "slack/shop/slack#releases". Two destinations of one ID are the same place: "#releases"
// and "releases" are the same channel.
func (d Destination) ID() string {
	id := string(d.Service) + "/" + d.Namespace + "/" + d.SecretName
	if channel := strings.TrimPrefix(d.Channel, "#"); channel != "" {
		id += "#" + channel
	}
	return id
}

// secret names the destination's Secret for people.
func (d Destination) secret() string { return "Secret " + d.Namespace + "/" + d.SecretName }

// Letter is one message to one place.
type Letter struct {
	// Dest is the place.
	Dest Destination
	// Message is the message.
	Message Message
	// Thread is the newest Receipt.Thread of the same rollout at the same place; empty if there is none.
	Thread string
	// Restored says that the message is older than this process: one before it may have delivered it, and been killed before
	// it could say so.
	Restored bool
}

// Receipt says that a letter needs no further try: it was delivered, or given up.
type Receipt struct {
	// Dest is where the letter went.
	Dest Destination
	// Canary is the Canary's namespace and name.
	Canary types.NamespacedName
	// UID, Key, Seq and Rollout are those of the message.
	UID     string
	Key     string
	Seq     int64
	Rollout string
	// Thread is the service's own name of the rollout's thread; empty where it has none. It holds no secret.
	Thread string
	// Lost says in a sentence why the letter was given up; empty when it was delivered.
	Lost string
}

// address is what makes a letter the same letter.
type address struct{ dest, key string }

func (l *Letter) address() address { return address{l.Dest.ID(), l.Message.Key()} }

// topic is what shares a thread.
type topic struct{ dest, uid, rollout string }

func (l *Letter) topic() topic { return topic{l.Dest.ID(), l.Message.UID, l.Message.Rollout} }

// receipt is the receipt of a letter that was delivered into a thread.
func (l *Letter) receipt(thread string) Receipt {
	m := l.Message
	return Receipt{
		Dest: l.Dest, Canary: types.NamespacedName{Namespace: m.Namespace, Name: m.Canary},
		UID: m.UID, Key: m.Key(), Seq: m.Seq, Rollout: m.Rollout, Thread: thread,
	}
}
