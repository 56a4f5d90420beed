package decode

import (
	"fmt"
	"strings"
	"testing"

	"sipscribe/internal/capture"
)

// A limit that is reached is told, once for each message or line, and what stands behind it is read.
func TestLimits(t *testing.T) {
	const start = "BYE sip:bob@example.com SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bK1\n"
	tooMany := start + strings.Repeat("X-Field: "+strings.Repeat("x", 990)+"\n", 300)
	const message = "the message that begins in line %d is longer than 256 kB, which is the most that is read of one; its rest was left out"
	const line = "line %d is longer than 1024 kB, which is the most that is read in one piece; it is read as several lines, and what stands across their borders is lost"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"a message within the limit", start + strings.Repeat("X-Field: "+strings.Repeat("x", 990)+"\n", 200) + "\n" + bye, []string{"message 1", "message 204"}},
		{"header fields", "words\n" + tooMany + "\n" + bye, []string{"message 2", "loss 2 " + fmt.Sprintf(message, 2), "message 305"}},
		{"twice", tooMany + "\n" + tooMany, []string{"message 1", "loss 1 " + fmt.Sprintf(message, 1), "message 304", "loss 304 " + fmt.Sprintf(message, 304)}},
		{"a line", "words\n" + strings.Repeat("x", 5<<19) + "\n" + bye, []string{"loss 2 " + fmt.Sprintf(line, 2), "message 5"}},
		{"a line of the limit", strings.Repeat("x", MaxLine-1) + "\n" + bye, []string{"message 2"}},
		{"a last line of the limit, without a line end", "words\n" + strings.Repeat("x", MaxLine), nil},
		{"a last line beyond the limit", "words\n" + strings.Repeat("x", MaxLine+1), []string{"loss 2 " + fmt.Sprintf(line, 2)}},
		{"two lines", strings.Repeat(strings.Repeat("x", MaxLine)+"y\n", 2) + bye, []string{"loss 1 " + fmt.Sprintf(line, 1), "loss 3 " + fmt.Sprintf(line, 3), "message 5"}},
		{"parts", "Aug 20 16:40:00 h [Part 01 of 99] BYE sip:b@c SIP/2.0#015#012Via: x#015#012\n" +
			part(2) + part(3) + part(4) + bye, []string{"message 1", "loss 1 " + fmt.Sprintf(message, 1), "message 5"}},
	} {
		recs, _ := decodeAll(t, []byte(c.text), false)
		var got []string
		for i := range recs {
			r := &recs[i]
			checkRecord(t, []byte(c.text), r)
			switch r.Kind {
			case capture.KindMessage:
				got = append(got, fmt.Sprint("message ", r.Origin.Number))
			case capture.KindLoss:
				got = append(got, fmt.Sprintf("loss %d %s", r.Origin.Number, r.Data))
			}
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

// part is a part of a message that is 100 kB long.
func part(n int) string {
	return fmt.Sprintf("Aug 20 16:40:00 h [Part %02d of 99] X-Field: %s#015#012\n", n, strings.Repeat("x", 100<<10))
}
