package sdp

import (
	"bytes"
	"reflect"
	"testing"
)

func TestAppend(t *testing.T) {
	for _, c := range []struct {
		name string
		d    Description
		want string
	}{
		{"nothing given", Description{}, "v=0\no=- 0 0 IN IP4 -\ns=-\nt=0 0\n"},
		{"a call", Description{
			Origin:     OriginField{SessID: "12", SessVersion: "13", Address: "192.0.2.1"},
			Connection: &ConnectionField{Address: "192.0.2.1"},
			Media: []MediaDescription{{
				Type: "audio", Port: 16388, Proto: "RTP/AVP", Formats: []string{"0", "101"},
				Attributes: []AttributeField{{"rtpmap", "101 telephone-event/8000"}, {"fmtp", "101 0-15"}, {"sendrecv", ""}},
			}},
		}, "v=0\no=- 12 13 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 16388 RTP/AVP 0 101\n" +
			"a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=sendrecv\n"},
		{"everything", Description{
			Origin: OriginField{"a", "1", "2", "IN", "IP6", "::1"}, Name: "n", Information: "i", URI: "u", Emails: []string{"e@x", ""}, Phones: []string{"+1"},
			Connection: &ConnectionField{Address: "ff00::1/3"}, Bandwidths: []BandwidthField{{"AS", "64"}, {}},
			Times: []TimeDescription{{"1", "2", []string{"7d 1h 0"}, "3730928400 -1h"}, {}}, Key: "prompt",
			Attributes: []AttributeField{{"tool", "x"}, {"", "lost"}},
			Media: []MediaDescription{{"video", 9, 2, "RTP/AVP", []string{"31"}, "title", []ConnectionField{{"IN", "IP4", "h"}},
				[]BandwidthField{{"CT", "1"}}, "clear:x", nil}, {}},
		}, "v=0\no=a 1 2 IN IP6 ::1\ns=n\ni=i\nu=u\ne=e@x\np=+1\nc=IN IP6 ff00::1/3\nb=AS:64\nb=-:0\nt=1 2\nr=7d 1h 0\nz=3730928400 -1h\nt=0 0\n" +
			"k=prompt\na=tool:x\nm=video 9/2 RTP/AVP 31\ni=title\nc=IN IP4 h\nb=CT:1\nk=clear:x\nm=- 0 - -\n"},
		{"no value adds a line or a field", Description{
			Origin: OriginField{Username: "a b\r\nc", SessID: "\n"}, Name: "x\r\na=evil\x00", Information: "\r\n",
			Attributes: []AttributeField{{"a\r\n b", "c\r\nm=d"}, {" ", "x"}, {"y", "\r"}},
			Media:      []MediaDescription{{Type: "au dio", Port: -5, Proto: "\t", Formats: []string{"0 1", " "}}, {Type: "x", Port: 1 << 20, PortCount: -1}},
		}, "v=0\no=abc 0 0 IN IP4 -\ns=xa=evil\nt=0 0\na=ab:cm=d\na=y\nm=audio 0 - 01 -\nm=x 65535 - -\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Append([]byte("before"), &c.d)
			if want := "before" + crlf(c.want); string(got) != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// What is clean is written again byte for byte, and the description read from it is equal.
func TestCleanDescriptionsRoundTrip(t *testing.T) {
	clean := 0
	for _, name := range descriptions(t) {
		b := read(t, name+".sdp")
		s := Parse(b)
		if !s.IsClean() {
			continue
		}
		clean++
		d := s.Description()
		out := Append(nil, d)
		if !bytes.Equal(out, b) {
			t.Errorf("%s: written:\n%s\nread:\n%s", name, out, b)
		}
		if again := Parse(out).Description(); !reflect.DeepEqual(again, d) {
			t.Errorf("%s: got %+v\nwant %+v", name, again, d)
		}
	}
	if clean < 10 {
		t.Errorf("only %d clean descriptions", clean)
	}
	for _, c := range problemCases {
		if len(c.want) == 0 {
			if out := Append(nil, Parse([]byte(c.in)).Description()); string(out) != c.in && len(c.in) < 1000 {
				t.Errorf("%s: written:\n%s\nread:\n%s", c.name, out, c.in)
			}
		}
	}
}

// A description borrows nothing of the session.
func TestDescriptionBorrowsNothing(t *testing.T) {
	b := read(t, "testdata/announcement.sdp")
	d := Parse(b).Description()
	before := Append(nil, d)
	for i := range b {
		b[i] = 'x'
	}
	if after := Append(nil, d); !bytes.Equal(before, after) {
		t.Errorf("got:\n%s\nwant:\n%s", after, before)
	}
}

func TestDescriptionOfABadOneKeepsWhatHasAPlace(t *testing.T) {
	in := crlf("junk\ns=first\ns=second\no=a b 1 2 IN IP4 h\nr=lost\nm=audio x RTP/AVP 0\nt=1 2\na=x\na\n")
	want := crlf("v=0\no=ab 1 2 IN IP4 h\ns=first\nt=0 0\nm=audio 0 RTP/AVP 0\na=x\n")
	if got := Append(nil, Parse([]byte(in)).Description()); string(got) != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
