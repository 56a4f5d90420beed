package ua

import (
	"net/netip"
	"strings"
	"testing"
)

func body(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

func TestOfferAndAnswer(t *testing.T) {
	a := audio{local: netip.MustParseAddrPort("127.0.0.1:16384"), id: 7}
	b := audio{local: netip.MustParseAddrPort("127.0.0.2:16386"), id: 9}
	offer := a.offer()
	want := string(body("v=0", "o=- 7 7 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio 16384 RTP/AVP 0 8 101", "a=rtpmap:0 PCMU/8000",
		"a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:20", "a=sendrecv"))
	if string(offer) != want {
		t.Errorf("offer\n%s", offer)
	}
	answer, ok := b.answer(offer)
	if !ok || b.codec != "PCMU" || b.events != 101 || b.remote != a.local {
		t.Fatalf("%v %+v", ok, b)
	}
	if !a.accept(answer) || a.codec != "PCMU" || a.remote != b.local || a.held {
		t.Errorf("%+v after\n%s", a, answer)
	}
	a.hold = true
	offer = a.offer()
	if !strings.Contains(string(offer), "o=- 7 8 ") || !strings.Contains(string(offer), "a=sendonly") {
		t.Errorf("hold:\n%s", offer)
	}
	answer, ok = b.answer(offer)
	if !ok || !b.held || !strings.Contains(string(answer), "a=recvonly") {
		t.Errorf("answer to hold:\n%s", answer)
	}
	b.hold = true
	if answer, _ = b.answer(offer); !strings.Contains(string(answer), "a=inactive") {
		t.Errorf("both hold:\n%s", answer)
	}
}

func TestAnswerToOtherOffers(t *testing.T) {
	for _, c := range []struct {
		name  string
		media []string
		want  []string // m= lines and attributes that the answer must have; nil: no answer
	}{
		{"the offer's numbers are taken over", []string{"m=audio 9000 RTP/AVP 97 96", "a=rtpmap:97 PCMA/8000", "a=rtpmap:96 telephone-event/8000"},
			[]string{"m=audio 16384 RTP/AVP 97 96\r\n", "a=rtpmap:97 PCMA/8000"}},
		{"a line for each line", []string{"m=video 9002 RTP/AVP 31", "m=audio 9000 RTP/AVP 0", "m=audio 9004 RTP/AVP 0"},
			[]string{"m=video 0 RTP/AVP 31\r\n", "m=audio 16384 RTP/AVP 0\r\n", "m=audio 0 RTP/AVP 0\r\n"}},
		{"fax alone", []string{"m=image 9000 udptl t38"}, nil},
		{"no codec in common", []string{"m=audio 9000 RTP/AVP 18"}, nil},
		{"encrypted", []string{"m=audio 9000 RTP/SAVP 0"}, nil},
		{"a stream that was switched off", []string{"m=audio 0 RTP/AVP 0"}, nil},
		{"hold of RFC 2543", []string{"m=audio 9000 RTP/AVP 0", "c=IN IP4 0.0.0.0"}, []string{"m=audio 16384"}},
	} {
		a := audio{local: netip.MustParseAddrPort("127.0.0.1:16384")}
		got, ok := a.answer(body(append([]string{"v=0", "o=- 1 1 IN IP4 127.0.0.9", "s=-", "c=IN IP4 127.0.0.9", "t=0 0"}, c.media...)...))
		if ok != (c.want != nil) {
			t.Errorf("%s: %v", c.name, ok)
		}
		for _, w := range c.want {
			if !strings.Contains(string(got), w) {
				t.Errorf("%s: no %q in\n%s", c.name, w, got)
			}
		}
		if strings.Contains(c.name, "2543") && (!a.held || a.remote.IsValid()) {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
}
