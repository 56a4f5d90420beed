package transaction

// nonInviteClient is the non-INVITE client transaction: RFC 3261 §17.1.2.2 (Figure 6).
//
//	Trying ─1xx▶ Proceeding ─200-699▶ Completed ─K▶ Terminated
//	   └──────────200-699───────────────┘
func (m *machine) nonInviteClient(now instant, t *Timers, e Event) action {
	switch m.state {
	case 0:
		if e == EventStart {
			m.state, m.end = StateTrying, now.after(t.F)
			m.repeat(now, t.T1, t.T2)
			return actKeep | actSend
		}
	case StateTrying, StateProceeding:
		switch e {
		case EventAgain:
			if m.state == StateProceeding {
				m.again = now.after(t.T2) // "Timer E MUST be reset with a value of T2 seconds"
			} else {
				m.repeat(now, t.T1, t.T2)
			}
			return actAgain
		case EventProvisional:
			m.state = StateProceeding // E and F go on
			return actTell
		case EventSuccess, EventFailure:
			m.linger(now, t, StateCompleted, t.K) // K, not D: 5 seconds for what is most of the traffic
			return actForget | actTell
		case EventGiveUp: // F
			return actTimeout | m.terminate()
		case EventTransport:
			return actTransport | m.terminate()
		}
	case StateCompleted:
		if e == EventLinger { // K
			return m.terminate()
		}
	}
	return 0
}
