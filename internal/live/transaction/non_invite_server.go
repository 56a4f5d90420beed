package transaction

// nonInviteServer is the non-INVITE server transaction: RFC 3261 §17.2.2 (Figure 8), with RFC 4320 §4. A transport error leaves it where
// it is, by RFC 6026 §8.8, which replaces the text that Figure 8 draws.
//
//	Trying ─100▶ Proceeding ─200-699▶ Completed ─J▶ Terminated
//	   └──────────200-699───────────────┘
//
// Neither RFC 3261 nor Figure 8 bounds the time that the user takes. RFC 4320 does: an element that cannot respond before the transaction
// expires will not respond at all (§4.2). So when the client's Timer F must have ended, the machine is Completed, with nothing to send
// and still there to absorb what comes late.
func (m *machine) nonInviteServer(now instant, t *Timers, e Event) action {
	switch m.state {
	case 0:
		if e == EventStart {
			m.state, m.again, m.end = StateTrying, now.after(t.quiet()), now.after(t.F)
		}
	case StateTrying, StateProceeding:
		switch e {
		case EventRepeat:
			if m.state == StateProceeding {
				return actAgain
			}
		case EventTrying:
			// RFC 4320 §4.1: without regard to transport, 100 MUST be sent now.
			m.state, m.again = StateProceeding, never
			return actTrying
		case EventSendProvisional:
			if m.state == StateTrying && !m.reliable && now < m.again {
				return 0 // RFC 4320 §4.1: MUST NOT, yet; the layer's own 100 will go out in time
			}
			m.state, m.again = StateProceeding, never
			return actKeep | actSend
		case EventSendSuccess, EventSendFailure:
			m.linger(now, t, StateCompleted, t.J)
			return actKeep | actSend
		case EventSendTimeout:
			m.linger(now, t, StateCompleted, t.J)
			return actForget
		case EventGiveUp: // F of the client
			m.linger(now, t, StateCompleted, t.J)
			return actForget | actTimeout
		case EventTransport:
			if m.state == StateProceeding {
				return actTransport
			}
		}
	case StateCompleted:
		switch e {
		case EventRepeat:
			return actAgain
		case EventTransport:
			return actTransport
		case EventLinger: // J
			return m.terminate()
		}
	}
	return 0
}
