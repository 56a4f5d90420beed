package explain

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"sipscribe/sdp"
	"sipscribe/sip"
)

// TestIsPlain: each byte at each place of texts of each length that is looked at in another way.
func TestIsPlain(t *testing.T) {
	for n := 1; n <= 17; n++ {
		for at := range n {
			for c := range 256 {
				b := bytes.Repeat([]byte{'~'}, n)
				b[at] = byte(c)
				if got, want := isPlain(b), c >= 0x20 && c < 0x7f; got != want {
					t.Fatalf("%q: %t", b, got)
				}
			}
		}
	}
	if !isPlain(nil) {
		t.Error("the empty text")
	}
}

// TestJoined: a text that was put together stays as it is when others follow, and is written over by the next story only.
func TestJoined(t *testing.T) {
	teller := NewTeller(nil)
	var texts []string
	for i := range 3000 {
		texts = append(texts, teller.joined("text ", string(rune('a'+i%26)), ""))
	}
	for i, s := range texts {
		if want := "text " + string(rune('a'+i%26)); s != want {
			t.Fatalf("%d: %q, want %q", i, s, want)
		}
	}
}

// TestUserAtHost: a URI is named by what stands in it only where that is its user and its host.
func TestUserAtHost(t *testing.T) {
	teller := NewTeller(nil)
	for uri, want := range map[string]string{
		"sip:bob@example.com":                 "bob@example.com",
		"sip:bob@example.com:5062;lr":         "bob@example.com",
		"sip:bob:secret@example.com":          "bob@example.com",
		"sip:b%6fb@example.com":               "bob@example.com",
		"sip:1800;phone-context=x@192.0.2.1":  "1800@192.0.2.1",
		"sip:b\u202eb@example.com":            `b\u{202e}b@example.com`,
		"sip:example.com":                     "example.com",
		"sip:bob @example.com":                "bob@example.com",
		"sip:bob@[2001:db8::1]:5060":          "bob@[2001:db8::1]",
		"sip:alice@example.com@192.0.2.1;q=1": "alice@example.com@192.0.2.1",
	} {
		if got := teller.uriName(sip.ParseURI([]byte(uri))); got != want {
			t.Errorf("%q: %q, want %q", uri, got, want)
		}
	}
}

// TestOnlyAudio: the codecs of a description are known again by its text only where it has nothing but that stream, in use and whole.
func TestOnlyAudio(t *testing.T) {
	const session, audio = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n", "RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
	for body, want := range map[string]string{
		session + "m=audio 4000 " + audio:                             audio,
		session + "m=audio 0 " + audio:                                "",
		session + "m=audio 4000/2 " + audio:                           "",
		session + "m=audio  4000 " + audio:                            "",
		session + "m=audio 4000  " + audio:                            "",
		session + "m=audio 4000 ":                                     "",
		session + "m=audio 4000":                                      "",
		session + "m=AUDIO 4000 " + audio:                             "",
		session + "m=video 4000 " + audio + "m=audio 4002 " + audio:   "",
		session + "i=x\rm=image 1 udptl t38\r\nm=audio 4000 " + audio: "",
		session + "\rm=image 1 udptl t38\r\nm=audio 4000 " + audio:    "",
		"m=audio 4000 " + audio:                                       audio,
		session:                                                       "",
		"":                                                            "",
	} {
		m := sip.Parse([]byte("INVITE sip:b@example.net SIP/2.0\r\nCSeq: 1 INVITE\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body))
		got := string(onlyAudio(m).formats)
		if got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
		var s sdp.Session
		if s.Scan([]byte(body)); got == "" {
			continue
		}
		for _, media := range s.AllMedia() {
			if formats := string(formatsText(&s, media)); formats != got || media.IsRejected() {
				t.Errorf("%q: %q, and formatsText has %q", body, got, formats)
			}
		}
		if cut := sip.Parse(m.Raw[:len(m.Raw)-3]); onlyAudio(cut).formats != nil {
			t.Errorf("%q, cut: %q", body, onlyAudio(cut).formats)
		}
	}
}

// TestMediaAddress: where the media go is read from a description with known codecs as it is from any other, also where the connection is written in an unusual way.
func TestMediaAddress(t *testing.T) {
	const audio, own = "RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n", "RTP/AVP 0\r\nc=IN IP4 192.0.2.9\r\n"
	short := 0
	for _, connection := range []string{"c=IN IP4 192.0.2.1\r\n", "c=IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.2\r\n", "c=IN IP4 192.0.2.1/127\r\n", "c=IN IP4 192.0.2.1 \r\n", "c=IN IP4 \r\n",
		"c=IN IP6 2001:db8::1\r\nc=IN IP4 192.0.2.2\r\n", "c=IN IP4 XX.XX.XX.XX\r\n", "c=IN IP4 host.example.net\r\n", "C=IN IP4 192.0.2.1\r\n", "c = IN IP4 192.0.2.1\r\n", "",
		strings.Repeat("b=AS:1\r\n", 40) + "c=IN IP4 192.0.2.1\r\n"} {
		for _, media := range []string{"m=audio 4000 " + audio, "m=audio 65535 " + audio, "m=audio 65536 " + audio, "m=audio 100000 " + audio, "m=audio 0 " + audio, "m=audio 4000 " + own,
			"m=video 4000 " + audio + "m=audio 4002 " + audio, "m=audio 4000 " + audio + "m=audio 4002 " + own} {
			body := "v=0\r\ns=-\r\n" + connection + media
			m := sip.Parse([]byte("INVITE sip:b@example.net SIP/2.0\r\nCSeq: 1 INVITE\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body))
			var known, unknown Teller
			for _, text := range []string{audio, own} {
				var s sdp.Session
				s.Scan([]byte("v=0\r\nm=audio 1 " + text))
				known.codecList(&s)
			}
			address, port, ok := known.mediaAddress(m)
			if known.offerRead == nil {
				short++
			}
			if wantAddress, wantPort, want := unknown.mediaAddress(m); ok != want || ok && (string(address) != string(wantAddress) || port != wantPort) {
				t.Errorf("%q: %s:%d %t, want %s:%d %t", body, address, port, ok, wantAddress, wantPort, want)
			}
			if unknown.offerRead == nil {
				t.Fatalf("%q was not taken apart", body)
			}
		}
	}
	if short != 4 {
		t.Errorf("%d descriptions were read the short way", short)
	}
}
