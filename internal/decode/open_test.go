package decode

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

func gz(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func zst(t *testing.T, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(b, nil)
}

func utf16Of(s string, big bool) []byte {
	var out []byte
	for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(s))...) {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

func TestOpen(t *testing.T) {
	text := []byte("one\n" + strings.Repeat("two ", 10) + "Zoë 𝄞\n" + strings.Repeat("three\n", 5000))
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"plain":          text,
		"gz":             gz(text),
		"zst":            zst(t, text),
		"gz in zst":      zst(t, gz(text)),
		"gz of UTF-16":   gz(utf16Of(string(text), false)),
		"UTF-16 little":  utf16Of(string(text), false),
		"UTF-16 big":     utf16Of(string(text), true),
		"little, no BOM": utf16Of(string(text), false)[2:],
		"big, no BOM":    utf16Of(string(text), true)[2:],
		"two gz":         append(gz(text[:100]), gz(text[100:])...),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		for _, in := range []string{path, "-"} {
			f, err := Open(in, bytes.NewReader(data))
			if err != nil {
				t.Fatal(name, err)
			}
			got, err := io.ReadAll(f.R)
			if err != nil || !bytes.Equal(got, text) {
				t.Errorf("%s: %d bytes, want %d, %v", name, len(got), len(text), err)
			}
			if f.Done() != int64(len(data)) || f.Name != in || in == path && f.Size != int64(len(data)) || in == "-" && f.Size != 0 {
				t.Errorf("%s: %s has %d bytes, %d read", name, f.Name, f.Size, f.Done())
			}
			if err := f.Close(); err != nil {
				t.Error(name, err)
			}
		}
	}
}

// What has a NUL in every other byte is UTF-16 only if it is long enough and a text besides.
func TestUnmarkedUTF16(t *testing.T) {
	for text, want := range map[string]bool{
		"Aug 20 16:40:00 h":               true,
		"Aug 20\t\r\n":                    true,
		"":                                false,
		"Aug 20 ":                         false,
		"Aug 20 \x01 16:40":               false,
		"Aug 20 16:40:00 \u00e9":          false,
		"Aug 20 \x00\x00\x00\x00\x00\x00": false,
		"\u3042\u3044\u3046\u3048\u304a\u304b\u304d\u304f\u3051": false,
	} {
		for _, big := range []bool{false, true} {
			order := unmarkedUTF16(utf16Of(text, big)[2:])
			if (order != nil) != want || want && (order.String() == "BigEndian") != big {
				t.Errorf("%q, big endian %v: %v", text, big, order)
			}
		}
	}
	if unmarkedUTF16([]byte("Aug 20 16:40:00 host text")) != nil || unmarkedUTF16(make([]byte, utf16Sample)) != nil {
		t.Error("what is no UTF-16 is taken for it")
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if _, err := Open(dir, nil); !errors.Is(err, ErrDirectory) || !strings.Contains(err.Error(), dir) {
		t.Error(err)
	}
	missing := filepath.Join(dir, "missing.log")
	if _, err := Open(missing, nil); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Error(err)
	}
	f, err := Open(write("empty", nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := f.R.ReadLine(); err != io.EOF {
		t.Error(err)
	}
	f.Close()

	text := bytes.Repeat([]byte("some words that compress, 0123456789\n"), 20_000)
	packed := map[string][]byte{"gzip": gz(text), "zstd": zst(t, text)}
	for kind, b := range packed {
		broken := append([]byte(nil), b...)
		for i := len(b) / 2; i < len(b)/2+8; i++ {
			broken[i] ^= 0x55
		}
		for _, data := range [][]byte{b[:len(b)/2], broken, b[:6]} {
			path := write("broken."+kind, data)
			f, err := Open(path, nil)
			if err == nil {
				_, err = io.Copy(io.Discard, f.R)
				f.Close()
			}
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), kind) {
				t.Errorf("%s of %d bytes: %v", kind, len(data), err)
			}
		}
	}
}

// What stands behind a gzip stream and is none is told as that: the text before it was read whole. Zeros are padding.
func TestBehindGzip(t *testing.T) {
	text := []byte(strings.Repeat("some words\n", 1000))
	for tail, want := range map[string]string{
		"x":                         "1 byte stands behind the end of the compressed text, and cannot be read; the text itself is whole",
		"garbage":                   "7 bytes stand behind the end of the compressed text",
		strings.Repeat("g", 10000):  "10000 bytes stand behind",
		"\x1f":                      "1 byte stands behind",
		"\x00\x00\x01":              "3 bytes stand behind",
		"\x1f\x8b\x08":              "unexpected EOF",
		strings.Repeat("\x00", 512): "",
		"":                          "",
	} {
		f, err := Open("-", strings.NewReader(string(gz(text))+tail))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f.R)
		if !bytes.Equal(got, text) || (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), "-: gzip: "+want) {
			t.Errorf("%d bytes behind: %d of %d bytes read, %v, want %s", len(tail), len(got), len(text), err, want)
		}
		if f.Done() != int64(len(gz(text))+len(tail)) {
			t.Errorf("%d bytes behind: %d read", len(tail), f.Done())
		}
	}
}

// A file that was compressed over and over is opened a few layers deep, no more.
func TestOpenLayers(t *testing.T) {
	b := []byte("text")
	for range 10 {
		b = gz(b)
	}
	f, err := Open("-", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if head := f.R.Peek(2); head[0] != 0x1f || head[1] != 0x8b {
		t.Errorf("%q", head)
	}
}

func TestUTF16Damage(t *testing.T) {
	for in, want := range map[string]string{
		"\xff\xfea\x00\x00\xd8":         "a\ufffd",  // half a pair at the end
		"\xff\xfea\x00\x00\xd8b\x00":    "a\ufffdb", // half a pair before a letter
		"\xff\xfea\x00b":                "a\ufffd",  // half a unit
		"\xfe\xff\xdc\x00\x00a":         "\ufffda",  // the second half first
		"\xff\xfe\xff\xfea\x00":         "a",        // another mark
		"\xff\xfe\x34\xd8\x1e\xddx\x00": "𝄞x",
	} {
		f, err := Open("-", strings.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f.R)
		if err != nil || string(got) != want {
			t.Errorf("%q is %q, %v; want %q", in, got, err, want)
		}
	}
}
