package dialog

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

func message(lines ...string) *sip.Message {
	return sip.Parse([]byte(strings.Join(lines, "\r\n") + "\r\n\r\n"))
}

var (
	way = live.Flow{Transport: capture.UDP, Remote: netip.MustParseAddrPort("127.0.0.1:5060")}

	invite = message("INVITE sip:bob@example.com SIP/2.0", "Via: SIP/2.0/UDP p2;branch=z9hG4bK2", "Via: SIP/2.0/UDP a;branch=z9hG4bK1",
		"Record-Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>", "From: Good Body <sip:alice@example.com>;tag=a;x=y", "To: sip:bob@example.com",
		"Call-ID: c@h", "CSeq: 101 INVITE", "Contact: <sip:alice@127.0.0.1:5062;ob>")
	ringing = message("SIP/2.0 180 Ringing", "Record-Route: <sip:p2.example.com;lr>", "Record-Route: <sip:p1.example.com;lr>",
		"From: Good Body <sip:alice@example.com>;tag=a", "To: <sip:bob@example.com>;tag=b", "Call-ID: c@h", "CSeq: 101 INVITE", "Contact: <sip:bob@127.0.0.1:5070>")
)

func TestFromResponse(t *testing.T) {
	d, err := FromResponse(invite, ringing, way)
	if err != nil {
		t.Fatal(err)
	}
	if want := (ID{"c@h", "a", "b"}); d.ID != want || d.State != Early || d.Target != "sip:bob@127.0.0.1:5070" {
		t.Errorf("got %+v", d)
	}
	if want := []string{"sip:p1.example.com;lr", "sip:p2.example.com;lr"}; !reflect.DeepEqual(d.RouteSet, want) {
		t.Errorf("the caller's route set is turned round: got %q, want %q", d.RouteSet, want)
	}
	draft := d.Request("BYE", d.NextSeq(), "SIP/2.0/UDP a;branch=z9hG4bK3", nil, nil)
	got := string(draft.AppendTo(nil))
	want := strings.Join([]string{"BYE sip:bob@127.0.0.1:5070 SIP/2.0", "Via: SIP/2.0/UDP a;branch=z9hG4bK3", "From: Good Body <sip:alice@example.com>;x=y;tag=a",
		"To: <sip:bob@example.com>;tag=b", "Call-ID: c@h", "CSeq: 102 BYE", "Max-Forwards: 70", "Route: <sip:p1.example.com;lr>", "Route: <sip:p2.example.com;lr>",
		"Content-Length: 0", "", ""}, "\r\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestConfirmTakesTheRouteSetOfThe2xx(t *testing.T) {
	d, _ := FromResponse(invite, ringing, way)
	if err := d.Confirm(message("SIP/2.0 200 OK", "Record-Route: <sip:p9;lr>", "From: <sip:a@h>;tag=a", "To: <sip:b@h>;tag=b", "Call-ID: c@h", "CSeq: 101 INVITE",
		"Contact: <sip:bob@127.0.0.1:5071>")); err != nil {
		t.Fatal(err)
	}
	if d.State != Confirmed || d.Target != "sip:bob@127.0.0.1:5071" || !reflect.DeepEqual(d.RouteSet, []string{"sip:p9;lr"}) {
		t.Errorf("got %+v", d)
	}
}

func TestFromRequest(t *testing.T) {
	d, err := FromRequest(invite, "b", way)
	if err != nil {
		t.Fatal(err)
	}
	if want := (ID{"c@h", "b", "a"}); d.ID != want || d.Target != "sip:alice@127.0.0.1:5062;ob" {
		t.Errorf("got %+v", d)
	}
	if want := []string{"sip:p2.example.com;lr", "sip:p1.example.com;lr"}; !reflect.DeepEqual(d.RouteSet, want) {
		t.Errorf("the callee's route set is as it came: got %q, want %q", d.RouteSet, want)
	}
	if d.Local != "<sip:bob@example.com>" {
		t.Errorf("Local %q", d.Local)
	}
	if IDOfRequest(message("BYE sip:b SIP/2.0", "From: <sip:a>;tag=a", "To: <sip:b>;tag=b", "Call-ID: c@h")) != d.ID {
		t.Error("a request of the other side does not find the dialog")
	}
}

func TestSequenceNumbersOfTheOtherSide(t *testing.T) {
	d, _ := FromRequest(invite, "b", way)
	for _, c := range []struct {
		cseq string
		want int
	}{{"102 BYE", 0}, {"101 INFO", 500}, {"102 INFO", 0}, {"9999 INFO", 0}, {"x INFO", 400}, {"4294967296 INFO", 400}} {
		if got := d.Receive(message("X sip:b SIP/2.0", "CSeq: "+c.cseq)); got != c.want {
			t.Errorf("CSeq %s: %d, want %d", c.cseq, got, c.want)
		}
	}
	if d.NextSeq() != 1 || d.NextSeq() != 2 {
		t.Error("the callee counts on his own")
	}
}

func TestRoute(t *testing.T) {
	for _, c := range []struct {
		name  string
		set   []string
		uri   string
		route []string
		next  string
	}{
		{"none", nil, "sip:t", nil, "sip:t"},
		{"loose", []string{"sip:p1;lr", "sip:p2;lr"}, "sip:t", []string{"sip:p1;lr", "sip:p2;lr"}, "sip:p1;lr"},
		{"strict", []string{"sip:p1", "sip:p2;lr"}, "sip:p1", []string{"sip:p2;lr", "sip:t"}, "sip:p1"},
	} {
		d := Dialog{Target: "sip:t", RouteSet: c.set}
		uri, route, next := d.Route()
		if uri != c.uri || next != c.next || !reflect.DeepEqual(route, c.route) {
			t.Errorf("%s: %q %q %q", c.name, uri, route, next)
		}
	}
}

func TestDialogsThatCannotBeMade(t *testing.T) {
	for _, c := range []struct {
		name string
		m    *sip.Message
		want error
	}{
		{"no Contact", message("SIP/2.0 200 OK", "To: <sip:b>;tag=b", "Call-ID: c"), ErrNoContact},
		{"a Contact of another kind", message("SIP/2.0 200 OK", "To: <sip:b>;tag=b", "Contact: <mailto:b@h>"), ErrNoContact},
		{"no tag in a provisional response", message("SIP/2.0 180 Ringing", "To: <sip:b>", "Contact: <sip:b@h>"), ErrNoTag},
		{"a 2xx of RFC 2543, without a tag", message("SIP/2.0 200 OK", "To: <sip:b>", "Contact: <sip:b@h>"), nil},
		{"too many routes", message("SIP/2.0 200 OK", "To: <sip:b>;tag=b", "Contact: <sip:b@h>", "Record-Route: "+strings.Repeat("<sip:p;lr>,", MaxRoutes)+"<sip:p;lr>"), ErrRoutes},
	} {
		if _, err := FromResponse(invite, c.m, way); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestRefresh(t *testing.T) {
	d, _ := FromRequest(invite, "b", way)
	d.Refresh(message("INVITE sip:b SIP/2.0", "Contact: <sip:alice@127.0.0.9>", "Record-Route: <sip:evil;lr>"))
	if d.Target != "sip:alice@127.0.0.9" || len(d.RouteSet) != 2 {
		t.Errorf("got %q %q", d.Target, d.RouteSet)
	}
	d.Refresh(message("UPDATE sip:b SIP/2.0"))
	d.Refresh(message("UPDATE sip:b SIP/2.0", "Contact: <mailto:x>"))
	if d.Target != "sip:alice@127.0.0.9" {
		t.Errorf("got %q", d.Target)
	}
}

// A Record-Route without angle brackets is all URI: a proxy with lr is no strict router, whatever form it writes.
func TestRecordRouteWithoutBrackets(t *testing.T) {
	request := sip.Parse([]byte("INVITE sip:b@127.0.0.1 SIP/2.0\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n" +
		"Record-Route: sip:p1.example.com;lr ,  <sip:p2.example.com;lr>;x=1\r\nRecord-Route: sip:p3.example.com\r\nContact: <sip:a@127.0.0.1>\r\n\r\n"))
	d, err := FromRequest(request, "2", live.Flow{})
	if want := []string{"sip:p1.example.com;lr", "sip:p2.example.com;lr", "sip:p3.example.com"}; err != nil || !reflect.DeepEqual(d.RouteSet, want) {
		t.Fatalf("%q, %v; want %q", d.RouteSet, err, want)
	}
	if uri, _, next := d.Route(); uri != "sip:a@127.0.0.1" || next != "sip:p1.example.com;lr" {
		t.Errorf("Request-URI %s, to %s", uri, next)
	}
}
