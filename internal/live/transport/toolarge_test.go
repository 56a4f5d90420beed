package transport

import (
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// RFC 3261 §18.1.1: a request of more than 1300 bytes goes over TCP, and its Via says so.
func TestRequestTooLargeForUDP(t *testing.T) {
	e, peer := newScript(), newScript()
	var tapped []string
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.UDP, capture.TCP), Tap: func(r *capture.Record) {
		line, _, _ := strings.Cut(string(r.Data), " ")
		tapped = append(tapped, line+" "+r.Dst.Transport.String())
	}})
	p := start(t, peer, Config{Listen: at("127.0.0.1", capture.UDP, capture.TCP)})
	to := live.Flow{Transport: capture.UDP, Local: addr(t, d, capture.UDP), Remote: addr(t, p, capture.UDP)}
	big := request("INVITE", "1", capture.UDP, 1300)
	over := request("INVITE", "1", capture.TCP, 1300)
	d.sendNow(t, to, 1, big)
	if h := peer.expect(t, "receive"); h.data != over || h.flow.Transport != capture.TCP {
		t.Errorf("%s: %.80q", h.flow.Transport, h.data)
	}
	// Sent again by a transaction that thinks of UDP it goes nowhere; what belongs to it follows it; what does not, does not.
	d.sendNow(t, to, 1, big)
	for _, c := range []struct {
		method, branch string
		over           capture.Transport
	}{{"CANCEL", "1", capture.TCP}, {"ACK", "1", capture.TCP}, {"ACK", "2", capture.UDP}, {"BYE", "1", capture.UDP}, {"INVITE", "3", capture.UDP}} {
		d.sendNow(t, to, 1, request(c.method, c.branch, capture.UDP, 0))
		if h := peer.expect(t, "receive"); h.data != request(c.method, c.branch, c.over, 0) || h.flow.Transport != c.over {
			t.Errorf("%s %s: over %s came %.80q", c.method, c.branch, h.flow.Transport, h.data)
		}
	}
	// A response stays where §18.2.2 sends it.
	response := "SIP/2.0 200 OK" + big[strings.Index(big, "\r\n"):]
	d.sendNow(t, to, 1, response)
	if h := peer.expect(t, "receive"); h.data != response || h.flow.Transport != capture.UDP {
		t.Errorf("over %s came %.80q", h.flow.Transport, h.data)
	}
	d.Do(func(time.Time, *live.Outbox) {
		if got, want := strings.Join(tapped, ", "), "INVITE TCP, CANCEL TCP, ACK TCP, ACK UDP, BYE UDP, INVITE UDP, SIP/2.0 UDP"; got != want {
			t.Errorf("tapped %s", got)
		}
	})
	if n := d.Counters().TooLarge.Load(); n != 1 {
		t.Error(n)
	}
}

// "If the attempt to establish the connection […] results in a TCP reset, the element SHOULD retry the request, using UDP."
func TestRequestTooLargeForUDPWithoutTCP(t *testing.T) {
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.UDP)})
	// A port that is free for TCP, since nothing else was bound to it.
	var c = socket(t, nobodyTCP(t).String())
	to := live.Flow{Transport: capture.UDP, Remote: localOf(c)}
	big := request("INVITE", "1", capture.UDP, 1300)
	for range 2 { // the second one does not try again
		d.sendNow(t, to, 1, big)
		if got, _ := read(t, c); got != big {
			t.Errorf("%.80q", got)
		}
	}
	d.sendNow(t, to, 1, request("ACK", "1", capture.UDP, 0))
	if got, _ := read(t, c); got != request("ACK", "1", capture.UDP, 0) {
		t.Errorf("%.80q", got)
	}
	if n := d.Counters().TooLarge.Load(); n != 1 {
		t.Error(n)
	}
}

func TestNoLimitForUDP(t *testing.T) {
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.UDP), Limits: Limits{Datagram: -1}})
	c := socket(t, "127.0.0.1:0")
	big := request("INVITE", "1", capture.UDP, 60000)
	d.sendNow(t, live.Flow{Transport: capture.UDP, Remote: localOf(c)}, 1, big)
	if got, _ := read(t, c); got != big {
		t.Errorf("%d bytes", len(got))
	}
}
