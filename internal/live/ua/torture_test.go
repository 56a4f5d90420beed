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

// TestTorture sends the messages of RFC 4475 and RFC 5118 to a phone: each gets what sip/testdata/torture/index.tsv has for a UAS or a UAC. What is
// accepted is not for any line of it, which is said with a 404, or of a method that it does not take.
func TestTorture(t *testing.T) {
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
		p, err := New(Config{Rand: seeded(3), Lines: []LineConfig{{Local: from.Local, UserID: "nobody-in-the-vectors", Proxy: "example.com"}}})
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
		m := sip.Parse(raw)
		passed := status == 200 || status == 404 || status == 405 || status == 481 || status == 489 || len(got) == 0 && m.IsResponse()
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
		case "rfc4475/test.dat":
			ok = ok || len(got) == 0 // it has no Via, which is where a response would go (RFC 3261 §18.2.2)
		}
		if !ok {
			t.Errorf("%s as %s: %v, want %s %d", f[0], f[2], got, f[4], want)
		}
	}
}
