package transaction

import "time"

// Timers are the timers of RFC 3261 table 4 and of RFC 6026 §8.11, as one layer has them. A field that is zero or less has its default.
// A, E and G begin at T1 and have no field of their own. Over reliable transports D, I, J and K are zero whatever stands here, and A, E and
// G never run (§17.1.1.2, §17.1.2.2, §17.2.1, §17.2.2).
type Timers struct {
	T1 time.Duration // 500 ms: estimate of the round trip (§17.1.1.1)
	T2 time.Duration // 4 s: the longest interval between two of E or G (§17.1.2.2)
	T4 time.Duration // 5 s: how long a message may stay in the network (§17.1.2.2)

	B time.Duration // 64·T1: an INVITE without any response
	D time.Duration // 32 s, 64·T1 if that is longer: a 3xx-6xx to an INVITE may come again
	F time.Duration // 64·T1: any other request without a final response
	H time.Duration // 64·T1: a 3xx-6xx to an INVITE without an ACK
	I time.Duration // T4: the ACK may come again
	J time.Duration // 64·T1: any other request may come again
	K time.Duration // T4: the response to any other request may come again
	L time.Duration // 64·T1: an INVITE that was accepted may come again (RFC 6026 §8.7)
	M time.Duration // 64·T1: further 2xx may come (RFC 6026 §8.4)

	// Slack is how much longer a transaction may linger that waits for repeats only (D, I, J, K, L, M; all are "at least" times), so that one
	// wake-up ends many. 0: none, each ends at its moment. Under load a proxy has one that ends at any moment, and each
	// would be a wake-up of its own.
	Slack time.Duration
}

// filled returns the timers with the defaults in place of what is not given.
func (t Timers) filled() Timers {
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	set(&t.T1, 500*time.Millisecond)
	set(&t.T2, 4*time.Second)
	set(&t.T4, 5*time.Second)
	for _, d := range []*time.Duration{&t.B, &t.F, &t.H, &t.J, &t.L, &t.M} {
		set(d, 64*t.T1)
	}
	// "At least 32 seconds", since the client does not know the T1 of the server (RFC 6026 §8.4); but it knows its own.
	set(&t.D, max(32*time.Second, 64*t.T1))
	set(&t.I, t.T4)
	set(&t.K, t.T4)
	return t
}

// end is when a wait for repeats that begins now and has length d is over.
func (t *Timers) end(now instant, d time.Duration) instant {
	at, slack := now.after(d), instant(t.Slack)
	if d <= 0 || slack <= 0 {
		return at
	}
	return (at + slack - 1) / slack * slack
}

// quiet is the time that it takes a client's Timer E to be reset to T2: before it nothing is said to a request other than INVITE over
// UDP but its final response, at it a 100 (RFC 4320 §4.1). 3.5 s with the defaults.
func (t *Timers) quiet() time.Duration {
	at := t.T1
	for interval := 2 * t.T1; interval < t.T2; interval *= 2 {
		at += interval
	}
	return at
}
