package decode_test

import (
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/siptext"
)

func messagesOf(t *testing.T, text string) []string {
	t.Helper()
	dec := siptext.Format.New(&decode.Input{R: decode.NewReader(strings.NewReader(text))})
	var list []string
	var rec capture.Record
	for dec.Next(&rec) == nil {
		list = append(list, string(rec.Label)+" "+string(rec.SrcName)+">"+string(rec.DstName)+" "+string(rec.Data))
	}
	return list
}

// An empty line behind every line changes nothing.
func TestDoubleSpaced(t *testing.T) {
	const start = "MESSAGE sip:bob@example.com SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bK1\nCall-ID: a@b\nCSeq: 1 MESSAGE\n"
	for name, text := range map[string]string{
		"an example":           string(example(t, "two-proxies.txt")),
		"a body of two blocks": start + "Content-Type: text/plain\nContent-Length: 20\n\none two\n\nthree four\nwords\n",
		"no length":            start + "Content-Type: application/sdp\n\nv=0\no=- 1 1 IN IP4 192.0.2.5\ns=-\n\nwords\n",
		"no body":              start + "Content-Length: 0\n\nwords\n" + start + "Content-Length: 0\n",
		"quoted":               "> " + strings.ReplaceAll(start+"Content-Length: 0\n", "\n", "\n> ") + "\n",
		"folded":               start + "Subject: one\n two\nContent-Length: 0\n\n",
	} {
		want := messagesOf(t, text)
		if len(want) == 0 {
			t.Fatalf("%s: nothing", name)
		}
		firstDifference(t, name, want, messagesOf(t, strings.ReplaceAll(text, "\n", "\n\n")))
		firstDifference(t, name+", CRLF", want, messagesOf(t, strings.ReplaceAll(text, "\n", "\r\n\r\n")))
	}
	// One empty line behind the start line is not yet double spacing: the next one ends the header.
	once := strings.Replace(start, "\n", "\n\n", 1) + "Content-Type: text/plain\nContent-Length: 13\n\none\n\nfour\n"
	if got := messagesOf(t, once); len(got) != 1 || !strings.HasSuffix(got[0], "Content-Length: 13\r\n\r\none\r\n\r\nfour\r\n") {
		t.Errorf("got %q", got)
	}
}
