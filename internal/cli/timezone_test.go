package cli

import (
	"strings"
	"testing"
	"time"
)

// TestZoneNamed: a zone is named, or said by how far it is ahead of UTC in any of the ways that people write.
func TestZoneNamed(t *testing.T) {
	noon := time.Date(2009, 8, 20, 12, 0, 0, 0, time.UTC)
	for s, ahead := range map[string]time.Duration{
		"UTC": 0, "Europe/Berlin": 2 * time.Hour, "America/New_York": -4 * time.Hour, "Etc/GMT-2": 2 * time.Hour,
		"+02:00": 2 * time.Hour, "+0200": 2 * time.Hour, "+2": 2 * time.Hour, "+02": 2 * time.Hour, "+200": 2 * time.Hour, "+2:00": 2 * time.Hour,
		"-05:00": -5 * time.Hour, "-0530": -5*time.Hour - 30*time.Minute, "-00:30": -30 * time.Minute, "UTC+2": 2 * time.Hour, "UTC-05:00": -5 * time.Hour,
		"+00:00": 0, "-00:00": 0, "+14:00": 14 * time.Hour, "-14:00": -14 * time.Hour,
	} {
		zone, err := zoneNamed(s)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if _, got := noon.In(zone).Zone(); time.Duration(got)*time.Second != ahead {
			t.Errorf("%q is %d s ahead of UTC, want %v", s, got, ahead)
		}
	}
	for _, s := range []string{"02:00", "+", "-", "UTC+", "GMT+2", "+2:0", "+02:60", "+02:00:00", "+1:234", "+12345", "++2", "+-2", "+2h", "+ 2", "Nowhere/City", "../../etc/passwd", "Local"} {
		if zone, err := zoneNamed(s); err == nil {
			t.Errorf("%q is taken for %v", s, zone)
		} else if said := message(err); !strings.Contains(said, `there is no time zone "`) || !strings.Contains(said, `"+02:00"`) {
			t.Errorf("%q: %s", s, said)
		}
	}
	for _, s := range []string{"+14:01", "-15", "+99:00"} {
		if _, err := zoneNamed(s); err == nil || !strings.Contains(err.Error(), "further from UTC") {
			t.Errorf("%q: %v", s, err)
		}
	}
}
