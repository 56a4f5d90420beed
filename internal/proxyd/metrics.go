package proxyd

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sipscribe/digest"
	"sipscribe/internal/live"
	"sipscribe/internal/live/proxy"
	"sipscribe/internal/live/transport"
)

// metrics reads the counters of a server when it is asked. It holds the element as long as it takes to copy them.
type metrics struct{ s *Server }

// snapshot is what is read at once.
type snapshot struct {
	proxy          proxy.Counters
	digest         [2]digest.Counters
	pending, calls int
	transactions   int
	aors           int
}

// Describe implements prometheus.Collector: what there is depends on nothing, so that Collect shows it.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	var v snapshot
	_ = m.s.driver.Do(func(now time.Time, _ *live.Outbox) {
		v.proxy = m.s.proxy.Counters()
		v.digest[0], v.digest[1] = m.s.proxy.Digest()
		v.pending, v.calls = m.s.proxy.Busy(now)
		v.transactions = m.s.proxy.Transactions()
		v.aors = m.s.proxy.Addresses()
	})
	out := emitter{ch}
	c := &v.proxy
	out.count("messages_received_total", "Messages that were received and parsed.", c.Received)
	out.count("messages_not_sip_total", "Datagrams and stream messages that were not SIP.", c.NotSIP)
	out.count("requests_relayed_total", "Requests that were relayed.", c.Relayed)
	out.count("acks_relayed_total", "ACKs for 2xx that were passed on.", c.Acks)
	out.count("challenges_total", "401 and 407 that were sent.", c.Challenged)
	out.count("challenges_stale_total", "Of these, those with stale=true.", c.Stale)
	out.count("registrations_total", "REGISTERs that were accepted.", c.Registered)
	out.count("bindings_expired_total", "Bindings that ran out.", c.Expired)
	out.count("requests_refused_total", "Requests answered here by 4xx to 6xx, challenges aside.", c.Refused)
	out.count("wrong_passwords_total", "Credentials that were wrong or of nobody.", c.WrongPassword)
	out.count("requests_limited_total", "Requests refused since their source had sent too many, or tried too many passwords.", c.Limited)
	out.count("answers_silenced_total", "Answers that were not sent, to bound what goes to forged addresses.", c.Silenced)
	out.count("requests_full_total", "Requests refused since there were too many transactions.", c.Full)
	out.count("responses_not_relayed_total", "Responses that belonged to nothing here, or were broken.", c.NotRelayed)
	out.count("branches_unanswered_total", "Relayed requests that got no final response.", c.NoAnswer)
	out.gauge("requests_pending", "Relayed requests that have no final response yet.", v.pending)
	out.gauge("calls", "Calls that were answered and have not ended, as far as their requests pass here.", v.calls)
	out.gauge("transactions", "Transactions in memory, those that wait for their last timer with them.", v.transactions)
	if v.aors >= 0 {
		out.gauge("addresses_registered", "Addresses of record that have bindings.", v.aors)
	}
	for i, who := range []string{"proxy", "registrar"} {
		d := &v.digest[i]
		out.label("nonces_issued_total", "Nonces that were issued.", prometheus.CounterValue, float64(d.Issued), "challenger", who)
		out.label("nonces_remembered", "Nonces whose use is remembered.", prometheus.GaugeValue, float64(d.Windows), "challenger", who)
		out.label("nonces_evicted_total", "Nonces that were forgotten before their time.", prometheus.CounterValue, float64(d.Evicted), "challenger", who)
	}
	t := m.s.driver.Counters()
	for name, x := range map[string]*transport.Traffic{"udp": &t.UDP, "tcp": &t.TCP, "tls": &t.TLS} {
		out.label("transport_received_total", "Messages received.", prometheus.CounterValue, float64(x.Received.Load()), "transport", name)
		out.label("transport_received_bytes_total", "Bytes of messages received.", prometheus.CounterValue, float64(x.ReceivedBytes.Load()), "transport", name)
		out.label("transport_sent_total", "Messages sent.", prometheus.CounterValue, float64(x.Sent.Load()), "transport", name)
		out.label("transport_sent_bytes_total", "Bytes of messages sent.", prometheus.CounterValue, float64(x.SentBytes.Load()), "transport", name)
	}
	out.gauge("connections", "Connections that are open.", int(t.Connections.Load()))
	for name, n := range map[string]uint64{"not_sip": t.NotSIP.Load(), "too_long": t.TooLong.Load(), "bad_length": t.BadLength.Load(), "slow": t.Slow.Load(),
		"overrun": t.Overrun.Load(), "idle": t.Idle.Load(), "refused": t.Refused.Load(), "handshake": t.Handshakes.Load(), "unreachable": t.Unreachable.Load(),
		"send_full": t.SendFull.Load(), "failed": t.Failed.Load(), "too_large": t.TooLarge.Load()} {
		out.label("transport_events_total", "What sockets and connections had to suffer (docs/proxy.md).", prometheus.CounterValue, float64(n), "event", name)
	}
	if m.s.bindings != nil {
		written, waiting := m.s.bindings.Written()
		out.count("database_written_total", "Addresses of record that were written to the database.", written)
		out.gauge("database_waiting", "Addresses of record that wait to be written.", waiting)
		failing := 0
		if m.s.bindings.Err() != nil {
			failing = 1
		}
		out.gauge("database_failing", "1 if the last attempt to write failed.", failing)
	}
	out.label("reloads_total", "Times that settings were to be read again.", prometheus.CounterValue, float64(m.s.reloads.Load()), "result", "done")
	out.label("reloads_total", "Times that settings were to be read again.", prometheus.CounterValue, float64(m.s.reloadsFailed.Load()), "result", "failed")
	draining := 0
	if m.s.draining.Load() {
		draining = 1
	}
	out.gauge("draining", "1 while new calls are refused.", draining)
}

// emitter names what it is given.
type emitter struct{ ch chan<- prometheus.Metric }

const prefix = "sipscribe_proxy_"

func (e emitter) count(name, help string, n uint64) {
	e.ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(prefix+name, help, nil, nil), prometheus.CounterValue, float64(n))
}

func (e emitter) gauge(name, help string, n int) {
	e.ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(prefix+name, help, nil, nil), prometheus.GaugeValue, float64(n))
}

func (e emitter) label(name, help string, t prometheus.ValueType, v float64, label, value string) {
	e.ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(prefix+name, help, []string{label}, nil), t, v, value)
}
