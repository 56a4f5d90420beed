package proxy

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// TestTorture sends the messages of RFC 4475 and RFC 5118 to the element. Each gets what sip/testdata/torture/index.tsv has for its role: a registrar
// where it is a REGISTER for a domain of ours, else a proxy; the REGISTERs come once more when the domains are others'. Credentials are asked for last
// (RFC 3261 §16.3), so that what may pass is challenged, and nothing is kept of any; with the proxy open it is acted on, and what is passed on is in order.
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
	used := map[string]bool{} // "file, role"
	forwarded := 0
	for _, mode := range []struct{ open, ours bool }{{false, true}, {true, true}, {false, false}, {true, false}} {
		open := mode.open
		for _, name := range order {
			raw, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			d := newDoor(t, func(c *Config) {
				c.Open = open
				c.Domains = []string{"elsewhere.example"}
				if mode.ours {
					c.Domains = []string{"example.com", "example.net", "2001:db8::10", "[2001:db8::10]", "[2001:db8::10:5070]"}
					c.Listeners = append(c.Listeners, Listener{Transport: capture.UDP, Addr: netip.MustParseAddrPort("[2001:db8::10]:5070")})
				}
				c.Realm = domain
			})
			d.names = udpFrom(netip.MustParseAddrPort("198.51.100.99:5060"))
			m := sip.Parse(raw)
			u := m.RequestURI()
			registrar := m.Method == sip.MethodRegister && mode.ours && (d.proxy.core.IsResponsible(&u) || strings.Contains(name, "ipv6-bad")) // which names nobody
			role := "proxy"
			if _, ok := rows[name]["registrar"]; ok && registrar {
				role = "registrar"
			}
			if _, ok := rows[name]["registrar auth=Digest"]; ok && registrar && !open {
				role = "registrar auth=Digest"
			}
			want := rows[name][role]
			used[name+", "+role] = true
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
			for _, s := range got {
				if s.IsRequest() {
					forwarded++
					checkForwarded(t, name, s.Message)
				}
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
	for name, roles := range rows {
		for role := range roles {
			if role != "UAS" && role != "UAC" && !used[name+", "+role] {
				t.Errorf("%s is in the index for a %s, and was not sent to one", name, role)
			}
		}
	}
	if forwarded < 30 {
		t.Errorf("only %d are passed on", forwarded)
	}
}

// checkForwarded holds what the proxy passes on of a message that was out of order to what RFC 4475 says at the message: nothing of the disorder goes on in
// the request line or behind the body, and what it does not know stays as it is.
func checkForwarded(t *testing.T, name string, m *sip.Message) {
	t.Helper()
	first, _, _ := bytes.Cut(m.Raw, []byte("\r\n"))
	part := strings.Split(string(first), " ")
	if len(part) != 3 || part[2] != "SIP/2.0" || strings.ContainsAny(part[1], "<>\"\t") {
		t.Errorf("%s: the request line %q goes on", name, first) // §3.1.2.7 to §3.1.2.10
	}
	if u := m.RequestURI(); len(u.Headers) > 0 {
		t.Errorf("%s: the header fields in %q go on", name, first) // §3.1.2.11
	}
	// §3.1.1.8, and RFC 3261 §18.3: octets behind the body are not of the message.
	_, behind, _ := bytes.Cut(m.Raw, []byte("\r\n\r\n"))
	if n, ok := m.Number(sip.FieldContentLength); m.Has(sip.FieldContentLength) && (!ok || int(n) != len(behind)) {
		t.Errorf("%s: %d octets go on as %d", name, len(behind), n)
	}
	switch name {
	case "rfc4475/wsinv.dat":
		for _, field := range []string{"\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\n", "\r\nUnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"} {
			if !strings.Contains(string(m.Raw), field) {
				t.Errorf("%s: %q is not passed on as it is:\n%s", name, field, m.Raw)
			}
		}
	case "rfc4475/dblreq.dat":
		if strings.Contains(string(m.Raw), "INVITE") {
			t.Errorf("%s: what stood behind it goes on:\n%s", name, m.Raw)
		}
	}
}
