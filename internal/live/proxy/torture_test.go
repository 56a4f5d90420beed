package proxy

import (
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sipscribe/sip"
)

// TestTorture sends the messages of RFC 4475 and RFC 5118 to the element. Each gets what sip/testdata/torture/index.tsv has for its role: a registrar
// where it is a REGISTER for a domain of ours, else a proxy. Credentials are asked for last (RFC 3261 §16.3), so that what may pass is challenged, and
// nothing is kept of any; with the proxy open it is acted on.
func TestTorture(t *testing.T) {
	const dir = "../../../sip/testdata/torture"
	index, err := os.ReadFile(filepath.Join(dir, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		verdict string
		status  int
	}
	rows := map[string]map[string]row{}
	var order []string
	for _, line := range strings.Split(strings.TrimSpace(string(index)), "\n") {
		f := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		status, err := strconv.Atoi(f[5])
		if err != nil {
			t.Fatal(err)
		}
		if rows[f[0]] == nil {
			rows[f[0]] = map[string]row{}
			order = append(order, f[0])
		}
		role := f[2]
		if f[3] != "-" {
			role += " " + f[3]
		}
		rows[f[0]][role] = row{f[4], status}
	}
	for _, open := range []bool{false, true} {
		for _, name := range order {
			raw, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			d := newDoor(t, func(c *Config) {
				c.Open = open
				c.Domains = []string{"example.com", "example.net", "2001:db8::10", "[2001:db8::10]"}
				c.Realm = domain
			})
			m := sip.Parse(raw)
			want := rows[name]["proxy"]
			u := m.RequestURI()
			registrar := m.Method == sip.MethodRegister && d.proxy.core.IsResponsible(&u)
			if r, ok := rows[name]["registrar"]; ok && registrar {
				want = r
			}
			got := d.send(netip.MustParseAddrPort("198.51.100.7:5062"), string(raw))
			var final []int
			for _, s := range got {
				if s.IsResponse() && s.Status >= 200 {
					final = append(final, int(s.Status))
				}
			}
			if len(final) > 1 {
				t.Errorf("%s: %s", name, told(got))
			}
			status := 0
			if len(final) == 1 {
				status = final[0]
			}
			challenged := status == 401 && registrar || status == 407 && !registrar
			// OPTIONS for the proxy itself is answered to anybody. Of what is relayed some comes back with 500: names have no address here.
			passed := challenged && !open || open && (d.proxy.counters.Relayed == 1 || status == 404 || status == 480) || status == 200 && (open || m.Method == sip.MethodOptions)
			ok := false
			switch want.verdict {
			case "accept":
				ok = passed || m.IsResponse() && len(got) == 0
			case "reject":
				ok = status == want.status
				if name == "rfc4475/zeromf.dat" {
					ok = status == 200 // §16.3 item 3: "If the request's method is OPTIONS, the proxy MAY act as the final recipient"
				}
			case "reject-or-repair":
				ok = passed || status == want.status
			case "drop":
				ok = len(got) == 0
			}
			if !ok {
				t.Errorf("%s, open %v: %s, want %s %d: %v", name, open, told(got), want.verdict, want.status, d.events)
			}
			if !open {
				d.idle()
			}
		}
	}
}
