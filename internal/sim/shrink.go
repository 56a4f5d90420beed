package sim

import "slices"

// Shrink takes out of a schedule that fails what it fails without, one thing after the other, and returns what is left: the same rule is
// still broken. tries bounds how often it runs the schedule.
func Shrink(s *Schedule, o Options, tries int) *Schedule {
	o.Ladder = false
	first := Run(s, o)
	if len(first.Failures) == 0 {
		return s
	}
	rule := first.Failures[0].Rule
	best := s
	attempt := func(change func(*Schedule)) bool {
		if tries--; tries < 0 {
			return false
		}
		c := *best
		c.Topology.Phones = slices.Clone(best.Topology.Phones)
		c.Faults, c.Actions = slices.Clone(best.Faults), slices.Clone(best.Actions)
		change(&c)
		if r := Run(&c, o); len(r.Failures) > 0 && r.Failures[0].Rule == rule {
			best = &c
			return true
		}
		return false
	}
	for again := true; again && tries > 0; {
		again = false
		for i := len(best.Faults) - 1; i >= 0; i-- {
			again = attempt(func(c *Schedule) { c.Faults = slices.Delete(c.Faults, i, i+1) }) || again
		}
		for i := len(best.Actions) - 1; i >= 0; i-- {
			again = attempt(func(c *Schedule) { c.Actions = slices.Delete(c.Actions, i, i+1) }) || again
		}
		if best.Network.Duplicate > 0 {
			again = attempt(func(c *Schedule) { c.Network.Duplicate = 0 }) || again
		}
		if best.Network.Loss > 0 {
			again = attempt(func(c *Schedule) { c.Network.Loss = 0 }) || again
		}
		if best.Network.DelayMin != best.Network.DelayMax {
			again = attempt(func(c *Schedule) { c.Network.DelayMax = c.Network.DelayMin }) || again
		}
	}
	return best
}
