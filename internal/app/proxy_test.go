package app

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"sipscribe/digest"
	"sipscribe/internal/proxyd"
)

// The example is whole, is what it says, and can be served: every setting that there is stands in it, but for those of the comments.
func TestProxyExample(t *testing.T) {
	text, err := os.ReadFile("../../examples/proxy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "proxy.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	users, err := proxyd.OpenUsers(filepath.Join(filepath.Dir(path), "users.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := users.Put("spa1", "example.com", "secret", []digest.Algorithm{digest.SHA256, digest.MD5}); err != nil {
		t.Fatal(err)
	}
	if err := users.Save(); err != nil {
		t.Fatal(err)
	}
	s, err := LoadProxySettings(path)
	if err != nil {
		t.Fatal(err)
	}
	if told, err := s.Check(); err != nil || !strings.Contains(told, "1 in "+filepath.Join(filepath.Dir(path), "users.txt")) {
		t.Errorf("%s\n%v", told, err)
	}
	var settings func(v reflect.Type)
	settings = func(v reflect.Type) {
		for i := range v.NumField() {
			f := v.Field(i)
			key := f.Tag.Get("yaml")
			if key == "" {
				continue
			}
			if !regexp.MustCompile(`(?m)^(  )?(  )?(- )?(# )?`+key+`:`).Match(text) && !strings.Contains(string(text), `"`+key+`:"`) {
				t.Errorf("examples/proxy.yaml has nothing of %s", key)
			}
			switch f.Type.Kind() {
			case reflect.Struct:
				settings(f.Type)
			case reflect.Slice:
				if f.Type.Elem().Kind() == reflect.Struct {
					settings(f.Type.Elem())
				}
			}
		}
	}
	settings(reflect.TypeFor[proxyd.Settings]())

	// docs/proxy.md names each of them too.
	doc, err := os.ReadFile("../../docs/proxy.md")
	if err != nil {
		t.Fatal(err)
	}
	for i := range reflect.TypeFor[proxyd.Settings]().NumField() {
		if key := reflect.TypeFor[proxyd.Settings]().Field(i).Tag.Get("yaml"); key != "" && !strings.Contains(string(doc), "`"+key+"`") {
			t.Errorf("docs/proxy.md does not name `%s`", key)
		}
	}
}

func TestProxySettingsFilesAreBesideTheirFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.yaml")
	abs := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("users: u\ndatabase: d/b\ntls: {cert: c, key: '"+abs+"'}\ngateways: [{name: g, password_file: p}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := LoadProxySettings(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	if s.Users != filepath.Join(dir, "u") || s.Database != filepath.Join(dir, "d", "b") || s.TLS.Cert != filepath.Join(dir, "c") || s.TLS.Key != abs || s.Gateways[0].PasswordFile != filepath.Join(dir, "p") || s.TLS.CA != "" {
		t.Errorf("%+v", s)
	}
}
