package app

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"sipscribe/internal/proxyd"
)

// LoadProxySettings reads the configuration file of a proxy. Names of files in it are from the folder of the file on.
func LoadProxySettings(path string) (*proxyd.Settings, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &proxyd.Settings{}
	if err := LoadYAML(path, data, s); err != nil {
		return nil, err
	}
	from := func(name *string) {
		if *name != "" && !filepath.IsAbs(*name) {
			*name = filepath.Join(filepath.Dir(path), *name)
		}
	}
	for _, name := range []*string{&s.Users, &s.TLS.Cert, &s.TLS.Key, &s.TLS.CA, &s.Database} {
		from(name)
	}
	secret := false
	for i := range s.Gateways {
		from(&s.Gateways[i].PasswordFile)
		secret = secret || s.Gateways[i].Password != ""
	}
	if !secret || runtime.GOOS == "windows" {
		return s, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("%s has the password of a gateway, and everybody on this machine may read it (mode %04o): chmod 600 %s, or put the password into a file of its own (password_file)", path, info.Mode().Perm(), path)
	}
	return s, nil
}
