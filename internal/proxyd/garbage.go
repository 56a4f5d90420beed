package proxyd

import (
	"os"
	"runtime/debug"
)

// garbagePercent is how much may be allocated, of what is in use, before garbage is collected (GOGC). What is in use is some tens of megabytes,
// transactions that wait for their timers above all, so that with Go's 100 a proxy under load collects several times a second; at 400 a call
// costs a seventh less processor time (docs/measurements.md).
const garbagePercent = 400

// garbageLimit is the size of the process from which on garbage is collected as often as it takes (GOMEMLIMIT).
const garbageLimit = 1 << 30

// CollectSeldom has this process collect garbage as suits a proxy, unless the environment says how often (GOGC, GOMEMLIMIT).
func CollectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(garbageLimit)
	}
}
