package sdp_test

import (
	"fmt"

	"sipscribe/sdp"
)

func Example() {
	s := sdp.Parse([]byte("v=0\r\n" +
		"o=- 4410233 4410233 IN IP4 192.0.2.17\r\n" +
		"s=-\r\n" +
		"c=IN IP4 192.0.2.17\r\n" +
		"t=0 0\r\n" +
		"m=audio 16402 RTP/AVP 0 18 101\r\n" +
		"a=rtpmap:18 G729a/8000\r\n" +
		"a=rtpmap:101 telephone-event/8000\r\n" +
		"a=fmtp:101 0-15\r\n" +
		"a=sendonly"))
	for _, m := range s.AllMedia() {
		c, _ := m.Connection()
		port, _ := m.Port()
		fmt.Printf("%s to %s port %d, %v, held %t\n", m.Type(), c.Address, port, m.Direction(), m.IsHeld())
		for codec := range m.Codecs() {
			fmt.Println(" ", codec.PayloadType, codec.DisplayName())
		}
	}
	for _, p := range s.Problems {
		fmt.Printf("problem: %v: %q\n", p.Code, p.Span.Of(s.Raw))
	}
	// Output:
	// audio to 192.0.2.17 port 16402, sendonly, held true
	//   0 PCMU
	//   18 G729a
	//   101 telephone-event
	// problem: the last line has no line end: "a=sendonly"
}

func ExampleAppend() {
	d := sdp.Description{
		Origin:     sdp.OriginField{SessID: "1", SessVersion: "1", Address: "192.0.2.17"},
		Connection: &sdp.ConnectionField{Address: "192.0.2.17"},
		Media: []sdp.MediaDescription{{
			Type: "audio", Port: 16402, Proto: "RTP/AVP", Formats: []string{"0"},
			Attributes: []sdp.AttributeField{{Name: "ptime", Value: "20"}},
		}},
	}
	s := sdp.Parse(sdp.Append(nil, &d))
	for _, l := range s.Lines {
		fmt.Printf("%c=%s\n", l.Type, s.Value(l))
	}
	// Output:
	// v=0
	// o=- 1 1 IN IP4 192.0.2.17
	// s=-
	// c=IN IP4 192.0.2.17
	// t=0 0
	// m=audio 16402 RTP/AVP 0
	// a=ptime:20
}
