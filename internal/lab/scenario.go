package lab

import (
	"fmt"
	"time"

	"sipscribe/internal/live"
	"sipscribe/internal/live/ua"
)

// OtherNumber is that of a second telephone.
const OtherNumber = "18005550100"

// Scenario is a call, or what stands in its way.
type Scenario struct {
	Name  string
	About string // what happens, in a sentence without a full stop
	// Rings is how long it rings; Config.Ring changes it. 0: it does not ring for long.
	Rings time.Duration
	// Phones are the telephones that are called. Their ports, proxy and password are the lab's.
	Phones []ua.LineConfig
	// SPA, if there, changes the caller's settings.
	SPA           func(c *ua.Config)
	Preemptive    bool
	NonceLifetime time.Duration
	script        func(l *lab, ring time.Duration) error
}

// play plays the scenario: the SPA registers, and then what the script has.
func (s *Scenario) play(l *lab) error {
	if _, _, err := l.await(l.spa, 0, settle, ua.EventRegistered, ua.EventRegisterFailed); err != nil {
		return err
	}
	ring := s.Rings
	if l.cfg.Ring > 0 && ring > 0 {
		ring = l.cfg.Ring
	}
	return s.script(l, ring)
}

// called is a telephone with the number of the seed page.
func called() []ua.LineConfig { return []ua.LineConfig{{UserID: Number}} }

// dialAndRing dials the number of the seed page and waits until it rings there, and then for a while.
func (l *lab) dialAndRing(ring time.Duration) (int, error) {
	from := l.spa.mark()
	l.cfg.Talk("the SPA dials %s", Dialled)
	if err := l.spa.dial(Dialled); err != nil {
		return from, err
	}
	e, next, err := l.await(l.spa, from, settle, ua.EventRinging, ua.EventEnded)
	if err != nil {
		return from, err
	}
	if e.Kind == ua.EventEnded {
		return from, fmt.Errorf("the call ended before it rang: %d %s", e.Status, e.Reason)
	}
	l.cfg.Talk("it rings (%v)", ring)
	return next, l.wait(ring)
}

// ended waits for the end of the SPA's call.
func (l *lab) ended(from int) error {
	_, _, err := l.await(l.spa, from, settle, ua.EventEnded)
	return err
}

// dialAndFail dials a number that does not come to ring.
func (l *lab) dialAndFail(number string) error {
	from := l.spa.mark()
	l.cfg.Talk("the SPA dials %s", number)
	if err := l.spa.dial(number); err != nil {
		return err
	}
	return l.ended(from)
}

const (
	// sound is how long each side of a call sends its tone.
	sound = time.Second
	// talk is how long an answered call goes on at least; it ends when the last packet has come (lab.heardOut).
	talk = 1500 * time.Millisecond
)

// keys are pressed in the scenario digits.
const keys = "123#"

// Scenarios are those of the lab, the seed page's first.
var Scenarios = []*Scenario{
	{Name: "cancel", About: "the call of the seed page: challenged, ringing, and cancelled before anyone answers", Rings: 16 * time.Second, Phones: called(),
		script: func(l *lab, ring time.Duration) error { return l.cancelled(ring) }},
	{Name: "answered", About: "the call is answered, and the caller hangs up", Rings: 2 * time.Second, Phones: called(),
		script: func(l *lab, ring time.Duration) error { return l.answered(ring, func() *phone { return l.spa }) }},
	{Name: "answered-callee-hangs-up", About: "the call is answered, and the one who was called hangs up", Rings: 2 * time.Second, Phones: called(),
		script: func(l *lab, ring time.Duration) error {
			return l.answered(ring, func() *phone { return l.others[0] })
		}},
	{Name: "busy", About: "the telephone that is called is busy", Phones: []ua.LineConfig{{UserID: Number, DND: true}},
		script: func(l *lab, _ time.Duration) error { return l.dialAndFail(Dialled) }},
	{Name: "no-answer", About: "nobody comes to the telephone, which says so after a while", Rings: 3 * time.Second, Phones: called(),
		script: func(l *lab, ring time.Duration) error {
			from, err := l.dialAndRing(ring)
			if err != nil {
				return err
			}
			if err := l.others[0].do(func(ph *ua.Phone, now time.Time, out *live.Outbox) error { return ph.Decline(now, 1, 480, out) }); err != nil {
				return err
			}
			return l.ended(from)
		}},
	{Name: "wrong-password", About: "the SPA has a wrong password: it is neither registered nor allowed to call", Phones: called(),
		SPA:    func(c *ua.Config) { c.Lines[0].Password = "a wrong password" },
		script: func(l *lab, _ time.Duration) error { return l.dialAndFail(Dialled) }},
	{Name: "stale-nonce", About: "the SPA calls again with a nonce that has expired meanwhile, and is given a new one", Rings: time.Second, Phones: called(),
		Preemptive: true, NonceLifetime: 2 * time.Second,
		script: func(l *lab, ring time.Duration) error {
			for i := range 2 {
				if i == 1 {
					l.cfg.Talk("the nonce expires")
					if err := l.wait(2500 * time.Millisecond); err != nil {
						return err
					}
				}
				if err := l.cancelled(ring); err != nil {
					return err
				}
			}
			return nil
		}},
	{Name: "unknown-number", About: "a number that nobody has", Phones: called(),
		script: func(l *lab, _ time.Duration) error { return l.dialAndFail("1-800-555-0199") }},
	{Name: "cancel-crosses-answer", About: "the caller hangs up at the very moment at which the call is answered", Rings: 2 * time.Second, Phones: called(),
		script: func(l *lab, ring time.Duration) error {
			from, err := l.dialAndRing(ring)
			if err != nil {
				return err
			}
			// While the SPA is held it gets no message: the 200 is on its way when it sends the CANCEL.
			err = l.spa.do(func(ph *ua.Phone, now time.Time, out *live.Outbox) error {
				if err := l.others[0].answer(); err != nil {
					return err
				}
				return ph.HangUp(now, 1, out)
			})
			if err != nil {
				return err
			}
			return l.ended(from)
		}},
	{Name: "digits", About: "the caller presses 1 2 3 # in the call, and the one who was called hears them: that is said while it plays, a device's syslog has no line of it", Rings: time.Second, Phones: called(),
		script: func(l *lab, ring time.Duration) error {
			return l.inCall(ring, func() error {
				from, heard := l.others[0].mark(), ""
				for _, key := range []byte(keys) {
					if err := l.spa.do(func(ph *ua.Phone, now time.Time, out *live.Outbox) error { return ph.Digit(now, 1, key, out) }); err != nil {
						return err
					}
					e, next, err := l.await(l.others[0], from, settle, ua.EventDigit)
					if err != nil {
						return err
					}
					l.cfg.Talk("the SPA presses %c, the telephone hears %s", key, e.Reason)
					from = next
					heard += e.Reason
				}
				l.cfg.Talk("digits sent: %s, heard: %s", keys, heard)
				if heard != keys {
					return fmt.Errorf("the digits %s were heard as %s", keys, heard)
				}
				return nil
			})
		}},
	{Name: "hold", About: "the caller puts the other side on hold, and takes it back", Rings: time.Second, Phones: called(),
		script: func(l *lab, ring time.Duration) error {
			return l.inCall(ring, func() error {
				from := l.others[0].mark()
				for _, step := range []struct {
					do   func(ph *ua.Phone, now time.Time, line int, out *live.Outbox) error
					told ua.EventKind
				}{{(*ua.Phone).Hold, ua.EventHeld}, {(*ua.Phone).Resume, ua.EventResumed}} {
					if err := l.wait(sound / 4); err != nil {
						return err
					}
					if err := l.spa.do(func(ph *ua.Phone, now time.Time, out *live.Outbox) error { return step.do(ph, now, 1, out) }); err != nil {
						return err
					}
					_, next, err := l.await(l.others[0], from, settle, step.told)
					if err != nil {
						return err
					}
					l.cfg.Talk("the telephone is %v", step.told)
					from = next
				}
				return nil
			})
		}},
	{Name: "fork", About: "two telephones ring, and one is answered", Rings: 2 * time.Second, Phones: append(called(), called()...),
		script: func(l *lab, ring time.Duration) error { return l.answered(ring, func() *phone { return l.spa }) }},
	{Name: "redirect", About: "the telephone that is called sends the caller on to another number", Rings: 2 * time.Second,
		Phones: []ua.LineConfig{{UserID: Number, CfwdAll: OtherNumber}, {UserID: OtherNumber}},
		script: func(l *lab, ring time.Duration) error {
			from, err := l.dialAndRing(ring)
			if err != nil {
				return err
			}
			if err := l.others[1].answer(); err != nil {
				return err
			}
			if err := l.heardOut(l.others[1]); err != nil {
				return err
			}
			if err := l.spa.hangUp(); err != nil {
				return err
			}
			return l.ended(from)
		}},
	{Name: "registration-lost", About: "the proxy is started again and has forgotten who is registered: a call fails, until the telephone registers again",
		Rings: time.Second, Phones: []ua.LineConfig{{UserID: Number, RegisterExpires: 8 * time.Second}},
		script: func(l *lab, ring time.Duration) error {
			l.cfg.Talk("the proxy is started again")
			from := l.others[0].mark()
			l.proxy.close()
			if err := l.startProxy(); err != nil {
				return err
			}
			if err := l.dialAndFail(Dialled); err != nil {
				return err
			}
			l.cfg.Talk("the telephone registers again")
			if _, _, err := l.await(l.others[0], from, settle, ua.EventRegistered); err != nil {
				return err
			}
			return l.cancelled(ring)
		}},
}

// cancelled lets it ring for a while, and the caller give up.
func (l *lab) cancelled(ring time.Duration) error {
	from, err := l.dialAndRing(ring)
	if err != nil {
		return err
	}
	if err := l.spa.hangUp(); err != nil {
		return err
	}
	return l.ended(from)
}

// inCall lets the first telephone answer, something happen in the call, and the caller hang up.
func (l *lab) inCall(ring time.Duration, what func() error) error {
	return l.call(ring, what, func() *phone { return l.spa })
}

// answered lets the first telephone answer after a while of ringing, and whom end the call.
func (l *lab) answered(ring time.Duration, who func() *phone) error {
	return l.call(ring, func() error { return nil }, who)
}

func (l *lab) call(ring time.Duration, what func() error, who func() *phone) error {
	from, err := l.dialAndRing(ring)
	if err != nil {
		return err
	}
	if err := l.others[0].answer(); err != nil {
		return err
	}
	if _, _, err := l.await(l.spa, from, settle, ua.EventAnswered); err != nil {
		return err
	}
	l.cfg.Talk("answered")
	if err := what(); err != nil {
		return err
	}
	if err := l.heardOut(l.others[0]); err != nil {
		return err
	}
	if err := who().hangUp(); err != nil {
		return err
	}
	return l.ended(from)
}
