package app

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// LoadYAML reads a configuration into a struct, strictly: a key that is not known, one that comes twice, and a value of another type are errors.
// The error names the file, the line and, where it is known, the column.
func LoadYAML(name string, data []byte, into any) error {
	for at, rest := 0, data; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 || r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return fmt.Errorf("%s: it is no text in UTF-8 (byte %d): is it the settings file?", name, at)
		}
		at, rest = at+n, rest[n:]
	}
	err := yaml.Load(data, into, yaml.WithV3Defaults(), yaml.WithKnownFields())
	if err == nil {
		return nil
	}
	var several *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case strings.Contains(err.Error(), "no documents in stream"):
		return fmt.Errorf("%s: it is empty", name)
	case strings.Contains(err.Error(), "expected single document"):
		return fmt.Errorf("%s: it has several documents (a line \"---\" between them), one is read", name)
	case errors.As(err, &several) && len(several.Errors) > 0:
		one = several.Errors[0]
	case errors.As(err, &one):
	default:
		return fmt.Errorf("%s: %w", name, err)
	}
	place := name
	if one.Mark.Line > 0 {
		place += fmt.Sprintf(", line %d", one.Mark.Line)
		if one.Mark.Column > 0 {
			place += fmt.Sprintf(", column %d", one.Mark.Column)
		}
	}
	if field, kind, ok := unknownField(one.Message); ok {
		return fmt.Errorf("%s: %s", place, misplaced(field, kind, reflect.TypeOf(into)))
	}
	return fmt.Errorf("%s: %s", place, plainYAML(one.Message))
}

// unknownField reads what the library says of a setting that a group does not have: its name, and the type of the group.
func unknownField(s string) (field, kind string, ok bool) {
	s, ok = strings.CutPrefix(s, "field ")
	if !ok {
		return "", "", false
	}
	return strings.Cut(s, " not found in type ")
}

// misplaced says that there is no such setting, or where it belongs if there is one elsewhere.
func misplaced(field, kind string, root reflect.Type) string {
	var here, there []string
	var walk func(t reflect.Type, group string, depth int)
	walk = func(t reflect.Type, group string, depth int) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || depth > 4 {
			return
		}
		if t.String() == kind {
			here = append(here, group)
		}
		for i := range t.NumField() {
			name, option, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
			switch {
			case option == "inline":
				walk(t.Field(i).Type, group, depth)
			case name == "" || name == "-":
			case name == field:
				there = append(there, group)
			default:
				walk(t.Field(i).Type, name, depth+1)
			}
		}
	}
	walk(root, "", 0)
	if len(there) == 0 {
		return fmt.Sprintf("there is no setting %q", field)
	}
	from := "here"
	if len(here) > 0 && here[0] != "" {
		from = "under " + strings.Join(here, " or ")
	}
	if there[0] == "" {
		return fmt.Sprintf("%q belongs at the top level, not %s", field, from)
	}
	if from == "here" {
		from = "at the top level"
	}
	return fmt.Sprintf("%q belongs under %s, not %s", field, strings.Join(there, " or "), from)
}

// plainYAML says an error of the library in the words of the one who wrote the file.
func plainYAML(s string) string {
	if key, line, ok := strings.Cut(strings.TrimPrefix(s, "mapping key "), " already defined at "); ok && strings.HasPrefix(s, "mapping key ") {
		return fmt.Sprintf("the setting %s is there already, at %s", key, line)
	}
	switch {
	case strings.Contains(s, "found character that cannot start any token"):
		return "a character that YAML does not want there: a tab before a setting, or a sign such as @, % or ` that needs quotes around the text"
	case strings.Contains(s, "mapping values are not allowed"):
		return "a colon where none can be: a text with a colon and a blank needs quotes, and settings of one group stand in one column"
	}
	if rest, ok := strings.CutPrefix(s, "cannot construct !!"); ok {
		_, rest, _ = strings.Cut(rest, " ")
		value, kind, ok := strings.Cut(rest, " into ")
		if !ok {
			kind, ok = strings.CutPrefix(rest, "into ")
			value = "this"
		}
		if ok {
			if bits, err := strconv.Atoi(strings.TrimPrefix(kind, "uint")); err == nil && bits < 64 && isWhole(value) {
				return fmt.Sprintf("%s is not from 0 to %d", value, uint64(1)<<bits-1)
			}
			return fmt.Sprintf("%s is not %s", value, plainKind(kind))
		}
	}
	return s
}

// isWhole reports whether a value is a whole number, as an error of the library quotes it: one of more than ten characters it does not show to its end.
func isWhole(value string) bool {
	_, err := strconv.ParseInt(strings.Trim(value, "`"), 10, 64)
	return err == nil
}

func plainKind(kind string) string {
	switch {
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "bool":
		return "yes or no"
	case strings.HasPrefix(kind, "[]"):
		return "a list"
	case kind == "string":
		return "a text"
	case kind == "time.Duration":
		return "a time with its unit, such as 500ms, 30s or 5m"
	case strings.Contains(kind, "."):
		return "a group of settings, each in a line of its own"
	}
	return "what is expected here"
}
