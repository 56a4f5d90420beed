package proxy

import (
	"net/netip"
	"testing"
	"time"

	"sipscribe/internal/live/ua"
)

// A phone that redirects is followed here if the proxy is set so: the address in its Contact is one more target.
func TestRedirectionIsFollowed(t *testing.T) {
	other := netip.MustParseAddrPort("127.0.0.4:5060")
	forwards := callee(atPhone)
	forwards.Lines[0].CfwdAll = "sip:spa2@" + other.String()
	second := callee(other)
	second.Lines[0].UserID, second.Lines[0].Register = "spa2", false
	d := newDesk(t, func(p *Config, _ *ua.Config) { p.Recurse = true }, forwards, second)
	d.forget()
	d.dial()
	d.net.Run(2 * time.Second)
	d.answer(2)
	d.net.Run(time.Second)
	d.hangUp(0)
	d.want("messages at the phone that redirects", d.seen[1], "< INVITE", "> 302 INVITE", "< ACK")
	d.want("events", d.events, "0 calling", "0 trying 100", "2 incoming", "0 ringing 180", "2 answered by local", "0 answered by remote", "0 ended by local")
	d.settle()
}
