package syslog

import "testing"

func TestPriority(t *testing.T) {
	// RFC 5424 §6.2.1: kernel emergency is 0, local4.notice 165.
	if MakePriority(Kern, Emergency) != 0 || MakePriority(Local4, Notice) != 165 || MakePriority(24, 0) != NoPriority || MakePriority(0, 8) != NoPriority {
		t.Error("facility times 8 plus severity")
	}
	for p := Priority(0); p <= MaxPriority; p++ {
		if MakePriority(p.Facility(), p.Severity()) != p {
			t.Errorf("%d is not its facility and severity", p)
		}
		if back, ok := ParsePriority([]byte(p.String())); !ok || back != p {
			t.Errorf("%v is read as %v", p, back)
		}
		pri := p.AppendPRI(nil)
		if back, n := ParsePRI(append(pri, 'x')); back != p || n != len(pri) {
			t.Errorf("%s is read as %d in %d bytes", pri, back, n)
		}
	}
	for s, want := range map[string]Priority{"Local2.Debug": 151, "Local0.Info": 134, "Kernel.Emergency": 0, "USER.ERROR": 11, "security.warn": 36} {
		if got, ok := ParsePriority([]byte(s)); !ok || got != want {
			t.Errorf("%s: got %d, want %d", s, got, want)
		}
	}
	for _, s := range []string{"", ".", "local2", "local2.", ".debug", "local8.debug", "local2.debugs", "local2.debug.x"} {
		if p, ok := ParsePriority([]byte(s)); ok || p != NoPriority {
			t.Errorf("%q is read as %v", s, p)
		}
	}
	for _, s := range []string{"", "<", "<>", "<1", "<1x>", "<00>", "<01>", "<192>", "<999>", "<1234>", "<-1>", "x<1>"} {
		if p, n := ParsePRI([]byte(s)); n != 0 || p != NoPriority {
			t.Errorf("%q is read as %d", s, p)
		}
	}
	if NoPriority.String() != "" || len(NoPriority.AppendPRI(nil)) != 0 || NoPriority.Facility() != User || NoPriority.Severity() != Notice {
		t.Error("no priority is user.notice and not written")
	}
	if Facility(99).String() != "facility99" || Severity(9).String() != "severity9" {
		t.Error("names of what is out of range")
	}
}
