package ua

import (
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// TestTorture sends the messages of RFC 4475 and RFC 5118 to a phone: each gets what sip/testdata/torture/index.tsv has for a UAS or a UAC. At first what is
// accepted is not for any line of it, which is said with a 404, or of a method that it does not take. Then it is for its line, and an INVITE has it ring.
func TestTorture(t *testing.T) {
	for _, addressed := range []bool{false, true} {
		torture(t, addressed)
	}
}

func torture(t *testing.T, addressed bool) {
	t.Helper()
	const dir = "../../../sip/testdata/torture"
	index, err := os.ReadFile(filepath.Join(dir, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)
	from := live.Flow{Transport: capture.UDP, Local: netip.MustParseAddrPort("192.0.2.1:5060"), Remote: netip.MustParseAddrPort("198.51.100.7:5062")}
	for _, line := range strings.Split(strings.TrimSpace(string(index)), "\n") {
		f := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") || f[2] != "UAS" && f[2] != "UAC" {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, f[0]))
		if err != nil {
			t.Fatal(err)
		}
		want, _ := strconv.Atoi(f[5])
		m := sip.Parse(raw)
		user := "nobody-in-the-vectors"
		if u := m.RequestURI(); addressed && len(u.User) > 0 {
			user = string(sip.Unescape(u.User)) // RFC 4475 §3.1.1.3: once
		}
		p, err := New(Config{Rand: seeded(3), Lines: []LineConfig{{Local: from.Local, UserID: user, Proxy: "example.com"}}})
		if err != nil {
			t.Fatal(err)
		}
		var out live.Outbox
		p.Receive(now, from, raw, &out)
		var got []int
		for _, it := range out.Items {
			if it.Kind == live.ItemSend {
				got = append(got, int(sip.Parse(it.Data).Status))
			}
		}
		status := 0
		if len(got) == 1 {
			status = got[0]
		}
		passed := status == 200 || status == 404 && !addressed || status == 405 || status == 481 || status == 489 || status == 180 && addressed && m.Method == sip.MethodInvite ||
			len(got) == 0 && m.IsResponse()
		ok := false
		switch f[4] {
		case "accept":
			ok = passed
		case "reject":
			ok = status == want
		case "reject-or-repair":
			ok = passed || status == want
		case "drop":
			ok = len(got) == 0
		}
		switch f[0] {
		case "rfc4475/mpart01.dat":
			ok = ok || status == 415 // a MESSAGE: with its method and its body the phone can do nothing, and says the one or the other
		case "rfc4475/inv2543.dat":
			ok = ok || status == 400 && addressed // it names no Contact, without which there is nobody to send a BYE to (RFC 3261 §8.1.1.8)
		case "rfc4475/test.dat":
			ok = ok || len(got) == 0 // it has no Via, which is where a response would go (RFC 3261 §18.2.2)
		}
		if !ok {
			t.Errorf("%s as %s, for its line %v: %v, want %s %d", f[0], f[2], addressed, got, f[4], want)
		}
	}
}
