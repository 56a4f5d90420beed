package sdp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// outcomes tells the streams of an offer and an answer in words.
func outcomes(offer, answer *Session) string {
	var words []string
	for _, st := range Streams(nil, offer, answer) {
		w := st.Outcome.String()
		if !st.SameType {
			w += " other type"
		}
		if !st.SameProto {
			w += " other proto"
		}
		if !st.DirectionFits {
			w += " unfit direction"
		}
		words = append(words, w)
	}
	return strings.Join(words, ", ")
}

func TestStreams(t *testing.T) {
	const a = "m=audio 1 RTP/AVP 0\n"
	for _, c := range []struct {
		name          string
		offer, answer string
		want          string
	}{
		{"one of each", a, a, "accepted"},
		{"nothing offered, nothing answered", "", "", ""},
		{"refused", a, "m=audio 0 RTP/AVP 0\n", "rejected"},
		{"one of two refused", a + "m=video 2 RTP/AVP 31\n", a + "m=video 0 RTP/AVP 31\n", "accepted, rejected"},
		{"not wanted in the offer", "m=audio 0 RTP/AVP 0\n", "m=audio 0 RTP/AVP 0\n", "not wanted"},
		{"left out of the answer", a + a, a, "accepted, unanswered"},
		{"not offered", a, a + a, "accepted, unoffered"},
		{"another type", a, "m=image 1 udptl t38\n", "accepted other type other proto"},
		{"another protocol", a, "m=audio 1 RTP/SAVP 0\n", "accepted other proto"},
		{"capitals do not matter", a, "m=AUDIO 1 rtp/avp 0\n", "accepted"},
		{"sendonly answered sendrecv", a + "a=sendonly\n", a, "accepted unfit direction"},
		{"hold answered", a + "a=sendonly\n", a + "a=recvonly\n", "accepted"},
		{"bundled", "m=video 0 RTP/AVP 31\na=bundle-only\n", "m=video 9 RTP/AVP 31\n", "accepted"},
		{"an answer that cannot be read is no rejection", a, "m=audio x RTP/AVP 0\n", "accepted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			head := with("m=", "")
			if got := outcomes(Parse([]byte(head+crlf(c.offer))), Parse([]byte(head+crlf(c.answer)))); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if Outcome(99).String() != "unknown" || OutcomeUnknown.String() != "unknown" {
		t.Error("an outcome that does not exist has a word")
	}
}

// The exchanges of RFC 3264 §10 come out as its text tells them.
func TestRFC3264Examples(t *testing.T) {
	for _, c := range []struct {
		offer, answer string
		outcomes      string
		common        string
	}{
		{"rfc3264-10.1-offer", "rfc3264-10.1-answer", "accepted, rejected, accepted", "PCMU | H261 | MPV"},
		{"rfc3264-10.1-second-offer", "rfc3264-10.1-second-answer", "accepted, not wanted, accepted, accepted", "PCMU | H261 | MPV | telephone-events"},
		{"rfc3264-10.2-offer", "rfc3264-10.2-answer", "accepted", "PCMU G723"},
	} {
		offer, answer := parseFile(t, c.offer), parseFile(t, c.answer)
		if got := outcomes(offer, answer); got != c.outcomes {
			t.Errorf("%s: got %q, want %q", c.offer, got, c.outcomes)
		}
		var common []string
		for i := range offer.MediaCount() {
			common = append(common, names(CommonCodecs(nil, offer.Media(i), answer.Media(i))))
		}
		if got := strings.Join(common, " | "); got != c.common {
			t.Errorf("%s: common codecs %q, want %q", c.offer, got, c.common)
		}
	}
}

func names(codecs []Codec) string {
	var words []string
	for _, c := range codecs {
		words = append(words, c.DisplayName())
	}
	return strings.Join(words, " ")
}

func TestCommonCodecs(t *testing.T) {
	for _, c := range []struct {
		name          string
		offer, answer string
		want          string
	}{
		{"in the answerer's order and words", "m=audio 1 RTP/AVP 0 8 18", "m=audio 1 RTP/AVP 8 0\na=rtpmap:8 pcma/8000", "pcma PCMU"},
		{"static here, mapped there", "m=audio 1 RTP/AVP 0", "m=audio 1 RTP/AVP 96\na=rtpmap:96 pcmu/8000", "pcmu"},
		{"other numbers, same codec", "m=audio 1 RTP/AVP 97\na=rtpmap:97 iLBC/8000", "m=audio 1 RTP/AVP 98\na=rtpmap:98 ilbc/8000", "ilbc"},
		{"same number, other codec", "m=audio 1 RTP/AVP 97\na=rtpmap:97 iLBC/8000", "m=audio 1 RTP/AVP 97\na=rtpmap:97 speex/8000", ""},
		{"same name, other rate", "m=audio 1 RTP/AVP 97\na=rtpmap:97 speex/16000", "m=audio 1 RTP/AVP 97\na=rtpmap:97 speex/8000", ""},
		{"channels left out", "m=audio 1 RTP/AVP 97\na=rtpmap:97 opus/48000/2", "m=audio 1 RTP/AVP 97\na=rtpmap:97 opus/48000", "opus"},
		{"not described by the answer", "m=audio 1 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000", "m=audio 1 RTP/AVP 0 101", "PCMU telephone-event"},
		{"described by neither", "m=audio 1 RTP/AVP 107", "m=audio 1 RTP/AVP 107", "payload type 107"},
		{"described by the answer alone", "m=audio 1 RTP/AVP 107", "m=audio 1 RTP/AVP 107\na=rtpmap:107 x/8000", ""},
		{"more than was offered", "m=audio 1 RTP/AVP 0", "m=audio 1 RTP/AVP 0 8", "PCMU"},
		{"nothing", "m=audio 1 RTP/AVP 18", "m=audio 1 RTP/AVP 0", ""},
		{"fax", "m=image 1 udptl t38", "m=image 2 udptl T38", "T38"},
		{"fax against audio", "m=image 1 udptl t38", "m=audio 2 RTP/AVP 0", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := CommonCodecs(nil, mediaOf(c.offer), mediaOf(c.answer))
			if names(got) != c.want {
				t.Errorf("got %q, want %q", names(got), c.want)
			}
		})
	}
	kept := CommonCodecs([]Codec{{Format: []byte("x"), PayloadType: -1}}, mediaOf("m=audio 1 RTP/AVP 0"), mediaOf("m=audio 1 RTP/AVP 0"))
	if names(kept) != "x PCMU" {
		t.Errorf("what was in dst is lost: %q", names(kept))
	}
}

// RFC 3264 §6.1 on the direction of an answer, all sixteen cases.
func TestDirectionFits(t *testing.T) {
	all := []Direction{SendRecv, SendOnly, RecvOnly, Inactive}
	for offer, allowed := range map[Direction][]Direction{
		SendRecv: all, SendOnly: {RecvOnly, Inactive}, RecvOnly: {SendOnly, Inactive}, Inactive: {Inactive}, DirectionUnknown: nil,
	} {
		for _, answer := range all {
			if got, want := offer.Fits(answer), slices.Contains(allowed, answer); got != want {
				t.Errorf("%v answered %v: %t, want %t", offer, answer, got, want)
			}
		}
		if offer.Fits(DirectionUnknown) {
			t.Errorf("%v is answered by no direction", offer)
		}
	}
}

func ExampleCommonCodecs() {
	offer := Parse([]byte("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" +
		"m=audio 16388 RTP/AVP 18 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"))
	answer := Parse([]byte("v=0\r\no=- 9 9 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=0 0\r\n" +
		"m=audio 10500 RTP/AVP 8 0 101\r\na=rtpmap:8 pcma/8000\r\na=rtpmap:101 telephone-event/8000\r\n"))
	for _, c := range CommonCodecs(nil, offer.Media(0), answer.Media(0)) {
		fmt.Println(c.DisplayName(), c.ClockRate)
	}
	// Output:
	// pcma 8000
	// PCMU 8000
	// telephone-event 8000
}
