package app

import (
	"slices"
	"strconv"
	"strings"
)

// Logs are rotated by renaming: spa.log becomes spa.log.1, that spa.log.2.gz, or spa.log-20260820. A shell names the newest first (spa.log*), and where the one ends and the next begins
// within a second no time tells which comes first. Their names do.

// oldestFirst returns the indexes of sources in the order in which they are to be read where their times are equal: as they were named, but for those of one
// rotation, of which the oldest comes first in the places that they have.
func oldestFirst(names []string) []int {
	order := make([]int, len(names))
	rotations := map[string][]int{}
	ages := make([]int, len(names))
	for i, name := range names {
		order[i] = i
		var base string
		base, ages[i] = rotated(name)
		rotations[base] = append(rotations[base], i)
	}
	for _, places := range rotations {
		byAge := slices.Clone(places)
		slices.SortStableFunc(byAge, func(a, b int) int { return ages[b] - ages[a] })
		for n, place := range places {
			order[place] = byAge[n]
		}
	}
	return order
}

// logsOf returns for each source the first of those that are parts of the same log, by their names.
func logsOf(names []string) []int32 {
	first := map[string]int32{}
	logs := make([]int32, len(names))
	for i, name := range names {
		base, _ := rotated(name)
		if _, ok := first[base]; !ok {
			first[base] = int32(i)
		}
		logs[i] = first[base]
	}
	return logs
}

// rotated takes the name of a log apart: what it is called while it is written, and its age, by which those of one log can be compared. 0: it is being written.
func rotated(name string) (base string, age int) {
	for _, end := range [...]string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, end)
	}
	digits := len(name) - len(strings.TrimRight(name, "0123456789"))
	at := len(name) - digits
	if at < 2 || digits == 0 || digits > 10 {
		return name, 0
	}
	n, err := strconv.Atoi(name[at:])
	switch mark := name[at-1]; {
	case err != nil:
	case mark == '.' && digits <= 3:
		return name[:at-1], n
	case mark == '-' && digits >= 8: // a date, or a date and the hour: the greater, the newer
		return name[:at-1], 1e10 - n
	}
	return name, 0
}
