package archtest

import (
	"path"
	"strconv"
	"strings"
)

// Building is the plan of the floors.
type Building struct {
	Floors []Floor
	// Steps are the imports that do not go down, each with its reason. One that nobody takes any more must go from the list.
	Steps []Step
	// Forbidden are imports that would go down and are wrong all the same. Tests are free of them: they may look from both sides.
	Forbidden []Step
	// Pure is the highest floor whose packages, tests aside, import nothing but the standard library, each other and what Foreign
	// lets in.
	Pure    int
	Foreign []Step
	// TestCeiling is the floor up to which tests of every floor may reach: a test of a lower floor feeds real logs
	// through the chain above it. Tests of a higher floor may reach their own.
	TestCeiling int
}

// Floor is a floor with its packages. "internal/decode/*" is every folder in internal/decode that no other line names, "…/**" is also
// what is below it.
type Floor struct {
	Number   int
	Packages []string
}

// Step is an import, and why it is as it is. From is a pattern as in Floor; To a folder, or an import path that is not of this module.
type Step struct{ From, To, Reason string }

// Plan is the plan of this module. ARCHITECTURE.md tells it to people.
var Plan = Building{
	Floors: []Floor{
		{0, []string{"sip", "sdp", "syslog", "hep", "digest", "spalog", "internal/scan", "internal/neterror", "internal/figures", "internal/workload", "internal/archtest", "internal/proof"}},
		{1, []string{"internal/capture"}},
		{2, []string{"internal/decode", "internal/callflow", "internal/media", "internal/live",
			"internal/live/transaction", "internal/live/dialog", "internal/live/proxycore", "internal/live/registrarcore", "internal/live/wire"}},
		{3, []string{"internal/decode/*", "internal/explain", "internal/diagnose",
			"internal/live/transport", "internal/live/locate", "internal/live/ua", "internal/live/proxy", "internal/live/registrar", "internal/live/emit"}},
		{4, []string{"internal/decode/all", "internal/diagnose/rules"}},
		{5, []string{"internal/report", "internal/proof/calls"}},
		{6, []string{"internal/render", "internal/render/*", "internal/store", "internal/store/*", "internal/bus", "internal/bus/*"}},
		{7, []string{"internal/collect", "internal/sim", "internal/lab", "internal/proxyd"}},
		{8, []string{"internal/app"}},
		{9, []string{"internal/cli", "internal/tui", "internal/web"}},
		{10, []string{"cmd/*", "internal/sim/cmd/*", "internal/workload/cmd/*", "internal/bench", "internal/interop", "internal/interop/sipgo"}},
	},
	Steps: []Step{
		{"sip", "internal/scan", "where the rows of a message end is found for all of them at once"},
		{"digest", "sip", "a digest-uri and a Request-URI are compared as those who route by them read them"},
		{"internal/live/*", "internal/live", "a machine is written in terms of flows and the outbox"},
		{"internal/live/wire", "internal/media", "the network in virtual time carries the sound of calls, too"},
		{"internal/render/*", "internal/render", "an output is written in terms of what the drawings share"},
		{"internal/render/*", "internal/render/ladder", "every output draws the ladder from the one layout engine"},
		{"internal/store/*", "internal/store", "a back end carries out the interface that the store declares"},
		{"internal/bus/*", "internal/bus", "a bus carries out the interface that its folder declares"},
		{"internal/cli", "internal/tui", "the command browse opens the screens"},
		{"internal/cli", "internal/web", "the command serve opens the pages"},
	},
	Forbidden: []Step{
		{"internal/explain", "internal/diagnose", "what happened is told without an opinion about it; report joins the two"},
		{"internal/diagnose/**", "internal/explain", "a rule reads the call, not the sentences about it"},
		{"internal/live/**", "internal/callflow", "live taps its traffic out as capture.Record, so that our own calls are analysed as anyone's"},
		{"internal/live", "net", "a machine does no I/O: the transport carries its actions out"},
		{"internal/live/transaction", "net", "a machine does no I/O: the transport carries its actions out"},
		{"internal/live/wire", "net", "a network without sockets has none"},
		{"internal/live/dialog", "net", "a machine does no I/O: the transport carries its actions out"},
		{"internal/live/proxycore", "net", "a machine does no I/O: the transport carries its actions out"},
		{"internal/live/registrarcore", "net", "a machine does no I/O: the transport carries its actions out"},
		{"internal/live/emit", "net", "it makes datagrams; who has a socket sends them"},
		{"internal/media", "net", "it makes packets; who has a socket sends them"},
		{"internal/decode/**", "net", readsOnly},
		{"internal/callflow", "net", readsOnly},
		{"internal/explain", "net", readsOnly},
		{"internal/diagnose/**", "net", readsOnly},
		{"internal/report", "net", readsOnly},
		{"internal/render/**", "net", readsOnly},
		{"internal/render/**", "internal/callflow", "an output takes the report, the one shape that all faces speak"},
		{"internal/store/**", "internal/callflow", "a store takes the report, the one shape that all faces speak"},
		{"internal/web", "internal/callflow", "a page takes the report, the one shape that all faces speak"},
		{"internal/workload", "sip", "the yard stick uses nothing that it measures"},
		{"internal/workload", "syslog", "the yard stick uses nothing that it measures"},
		{"internal/**", "internal/proof", "it is for tests"},
		{"cmd/**", "internal/proof", "it is for tests"},
		{"internal/**", "internal/proof/calls", "it is for tests"},
		{"cmd/**", "internal/proof/calls", "it is for tests"},
		{"sip", "os", "a codec reads bytes, not files"},
		{"sdp", "os", "a codec reads bytes, not files"},
		{"syslog", "os", "a codec reads bytes, not files"},
		{"hep", "os", "a codec reads bytes, not files"},
		{"digest", "os", "a codec reads bytes, not files"},
		{"spalog", "os", "a codec reads bytes, not files"},
	},
	Pure: 2,
	Foreign: []Step{
		{"internal/scan", "golang.org/x/sys/cpu", "which instructions the processor has"},
		{"internal/decode", "github.com/klauspost/compress", "logs and captures lie compressed, with zstd too"},
		{"internal/workload", "github.com/gopacket/gopacket", "the yard stick writes captures with a library, not with what it measures"},
		{"internal/media", "github.com/pion", "RTP and RTCP are not what sipscribe exists for"},
	},
	TestCeiling: 5,
}

// readsOnly is what SECURITY.md promises.
const readsOnly = "reading touches no network, whatever address a message names"

// covers reports whether a pattern names a folder.
func covers(pattern, dir string) bool {
	if above, ok := strings.CutSuffix(pattern, "/**"); ok {
		return dir == above || strings.HasPrefix(dir, above+"/")
	}
	if above, ok := strings.CutSuffix(pattern, "/*"); ok {
		return path.Dir(dir) == above
	}
	return pattern == dir
}

// Of returns the floor of a folder. A line that names it outright wins over one with a star.
func (b *Building) Of(dir string) (floor int, ok bool) {
	for _, f := range b.Floors {
		for _, p := range f.Packages {
			switch {
			case p == dir:
				return f.Number, true
			case covers(p, dir):
				floor, ok = f.Number, true
			}
		}
	}
	return floor, ok
}

// check is the check of the plan: every package has a floor, every import goes down or is a step that the plan lists.
func (b Building) check(t *Tree) []Violation {
	var out []Violation
	taken := make([]bool, len(b.Steps))
	for _, p := range t.Packages() {
		floor, ok := b.Of(p.Dir)
		if !ok {
			out = append(out, Violation{p.Dir, 0, "stands on no floor: give it one in internal/archtest/floors.go"})
			continue
		}
		for _, f := range append(p.Files, p.Tests...) {
			for _, spec := range f.Go.Imports {
				to, _ := strconv.Unquote(spec.Path.Value)
				if text := b.judge(p.Dir, floor, to, f.IsTest(), taken); text != "" {
					out = append(out, t.at(spec.Pos(), "%s", text))
				}
			}
		}
	}
	for i, s := range b.Steps {
		// A step between folders that do not stand yet is a plan; one between folders that do, and that nobody takes, is a hole.
		if !taken[i] && !strings.Contains(s.From, "*") && t.isPackage(s.From) && t.isPackage(s.To) {
			out = append(out, Violation{"internal/archtest/floors.go", 0, "nobody takes the step from " + s.From + " to " + s.To + " any more: strike it out"})
		}
	}
	return out
}

// judge says what is wrong with an import, or "".
func (b *Building) judge(from string, floor int, to string, test bool, taken []bool) string {
	dir, ours := local(to)
	for _, s := range b.Forbidden {
		if !test && covers(s.From, from) && (s.To == to || ours && s.To == dir) {
			return from + " must not import " + s.To + ": " + s.Reason
		}
	}
	if !ours {
		if test || floor > b.Pure || isStandard(to) || b.isForeign(from, to) {
			return ""
		}
		return from + " (floor " + strconv.Itoa(floor) + ") imports " + to + ": up to floor " + strconv.Itoa(b.Pure) + " there is only the standard library"
	}
	if dir == from { // a test that stands outside its package
		return ""
	}
	target, ok := b.Of(dir)
	switch {
	case !ok:
		return from + " imports " + dir + ", which stands on no floor"
	case target < floor, test && target <= max(floor, b.TestCeiling):
		return ""
	}
	for i, s := range b.Steps {
		if covers(s.From, from) && s.To == dir {
			taken[i] = true
			return ""
		}
	}
	return from + " (floor " + strconv.Itoa(floor) + ") imports " + dir + " (floor " + strconv.Itoa(target) + ")"
}

func (b *Building) isForeign(from, to string) bool {
	for _, s := range b.Foreign {
		if covers(s.From, from) && (to == s.To || strings.HasPrefix(to, s.To+"/")) {
			return true
		}
	}
	return false
}
