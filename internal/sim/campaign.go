package sim

import (
	"context"
	"sync"
	"sync/atomic"
)

// Campaign runs the schedules of n seeds from first on, on so many cores, until the context ends, and adds what they see to the coverage.
func Campaign(ctx context.Context, c *Coverage, first uint64, n, cores int) {
	campaign(ctx, c, n, cores, func(i uint64) uint64 { return first + i })
}

func campaign(ctx context.Context, c *Coverage, n, cores int, seed func(i uint64) uint64) {
	var next atomic.Uint64
	var wg sync.WaitGroup
	for range cores {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= uint64(n) {
					return
				}
				c.Add(Run(Draw(seed(i)), Options{}))
			}
		})
	}
	wg.Wait()
}
