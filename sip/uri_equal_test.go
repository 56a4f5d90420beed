package sip

import (
	"strings"
	"testing"
)

// The pairs of RFC 3261 §19.1.4, and of RFC 3966 §4.
func TestURIEqual(t *testing.T) {
	many := "sip:a@h" + strings.Repeat(";x", 40)
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
		{"sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true},
		{"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com", "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true},
		{"sip:alice@atlanta.com?subject=project%20x&priority=urgent", "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true},
		{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false},
		{"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false},
		{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false},
		{"sip:a@h", "sips:a@h", false},
		{"sip:a:secret@h", "sip:a@h", false},
		{"sip:a:secret@h", "sip:a:Secret@h", false},
		{"sip:a@h", "sip:h", false},
		{"sip:a@h;maddr=1.2.3.4", "sip:a@h", false},
		{"sip:a@h;method=invite", "sip:a@h;method=INVITE", false},
		{"sip:a%3bb@h", "sip:a;b@h", false},
		{"sip:%00@h", "sip:%00%00@h", false},
		{"sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]", true},
		{"sip:a@h?x=1&x=1", "sip:a@h?x=1&x=2", false},
		{many, many + ";y", false},
		{"tel:+1-201-555-0123", "tel:+12015550123", true},
		{"tel:+12015550123", "tel:+12015550124", false},
		{"tel:7042;phone-context=a", "tel:7042", false},
		{"http://a", "http://a", true},
		{"http://a", "http://b", false},
	} {
		a, b := ParseURI([]byte(c.a)), ParseURI([]byte(c.b))
		if got := a.Equal(&b); got != c.want {
			t.Errorf("%s and %s: %v, want %v", c.a, c.b, got, c.want)
		}
		if got := b.Equal(&a); got != c.want {
			t.Errorf("%s and %s, the other way: %v, want %v", c.b, c.a, got, c.want)
		}
	}
}

// What may stand for a URI says no more and no less than the comparison does, but for parameters that only one of two has.
func TestURIComparable(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"sip:%61lice@atlanta.com;transport=TCP", "SIP:alice@AtLanTa.CoM;Transport=tcp", true},
		{"sip:a@h;x=1;transport=udp;ob", "sip:a@h;transport=udp;ob;x=1", true},
		{"sip:a@h;ob", "sip:a@h;OB", true},
		{"sip:a@[2001:db8::1]:5060", "sip:a@[2001:DB8:0::1]:05060", true},
		{"tel:+1-201", "tel:+1-201", true},
		{"sip:a@h;x=1;x=2", "sip:a@h;x=2;x=1", false},
		{"sip:a@h", "sip:a@h;ob", false},
		{"sip:a@h;method=invite", "sip:a@h;method=INVITE", false},
		{"sip:ALICE@h", "sip:alice@h", false},
		{"sip:a@h", "sip:a@h:5060", false},
		{"sip:a@h", "sips:a@h", false},
		{"sip:a:@h", "sip:a@h", false},
		{"sip:@h", "sip:h", false},
		{"sip:a%3bb@h", "sip:a;b@h", false},
		{"sip:%%32%35@h", "sip:%25@h", false},
		{"sip:%%34%31@h", "sip:%41@h", false},
		{"sip:a@h;rn=+1900", "sip:a@h;rn=+1901", false},
		{"sip:a@h:70000", "sip:a@h:70001", false},
		{"sip:a@h?x=1", "sip:a@h", false},
	} {
		a, b := ParseURI([]byte(c.a)), ParseURI([]byte(c.b))
		x, y := string(a.AppendComparable(nil)), string(b.AppendComparable(nil))
		if (x == y) != c.want {
			t.Errorf("%s and %s: %s and %s", c.a, c.b, x, y)
		}
		if x == y && !a.Equal(&b) {
			t.Errorf("%s and %s are not equal", c.a, c.b)
		}
	}
}

// FuzzURIComparable: URIs that have one form are equal, and the form has one of its own.
func FuzzURIComparable(f *testing.F) {
	for _, pair := range [][2]string{
		{"sip:%61lice@atlanta.com;transport=TCP", "SIP:alice@AtLanTa.CoM;Transport=tcp"}, {"sip:a@h;x=1;x=2", "sip:a@h;x=2;x=1"}, {"sip:%%32%35@h", "sip:%25@h"},
		{"sip:a@b@h;x", "sip:a@b%40h;x"}, {"sip:a@[::1]:05060?x=1", "sip:a@[0::1]:5060?x=1"}, {"sip:[email protected]:5062", "sip:a:b;c@h>"},
	} {
		f.Add([]byte(pair[0]), []byte(pair[1]))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		u, v := ParseURI(a), ParseURI(b)
		x, y := u.AppendComparable(nil), v.AppendComparable(nil)
		if string(x) == string(y) && !u.Equal(&v) {
			t.Errorf("%q and %q have the form %q, and are not equal", a, b, x)
		}
		// Another writing of the same: it must be equal too, whatever the other one is.
		w := ParseURI(x)
		if z := w.AppendComparable(nil); string(z) == string(x) && strings.Count(string(a), "%") == 0 && !w.Equal(&u) {
			t.Errorf("%q and its form %q are not equal", a, x)
		}
	})
}
