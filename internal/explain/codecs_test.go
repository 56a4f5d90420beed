package explain

import (
	"bytes"
	"fmt"
	"testing"
)

// TestCodecLists holds the lists that are kept to the texts that they were read from, however many texts come, and their storage to its limit.
func TestCodecLists(t *testing.T) {
	var l codecLists
	text := make([]byte, 0, 16)
	for i := range 3 * len(l.lists) {
		text = fmt.Appendf(text[:0], "RTP/AVP %d", i)
		if l.find(text) != nil {
			t.Fatalf("%q is found before it was added", text)
		}
		l.add(text, string(text), i, i%2 == 0)
		for j := max(0, i-len(l.lists)+1); j <= i; j++ {
			want := fmt.Sprintf("RTP/AVP %d", j)
			if told := l.find([]byte(want)); told == nil || told.list != want || told.n != j || told.connection != (j%2 == 0) {
				t.Fatalf("%q: got %+v", want, told)
			}
		}
	}
	l.add(nil, "nothing", 1, false)
	if l.find(nil) != nil {
		t.Error("no text has a list")
	}
	long := bytes.Repeat([]byte("x"), maxFormatsText+1)
	if l.add(long, "long", 1, false); l.find(long) != nil {
		t.Error("a text that is too long is kept")
	}
}
