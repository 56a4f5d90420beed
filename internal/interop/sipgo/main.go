// Command sipgo is a telephone made of github.com/emiago/sipgo, another SIP library for Go, for the tests of internal/interop: one more that has to understand
// our proxy and our phone. It is in a module of its own, so that sipscribe does not depend on sipgo.
//
//	$ sipgo -user dave -password secret -domain test.local -proxy 127.0.0.1:5060 -listen 127.0.0.1:7700
//	registered
//	> call alice          ringing, answered, failed 603, cancelled
//	> hang                ended
//	incoming              they have cancelled
//	> answer              established; ended when the other side hangs up
//	> refuse              refused, once that is acknowledged
//	> quit                the registration ends, and it
//
// Without sound: its offer is of a port that nobody listens at.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

func main() {
	p := phone{out: os.Stdout, cancel: func() {}}
	flag.StringVar(&p.user, "user", "", "who this is")
	flag.StringVar(&p.password, "password", "", "the password")
	flag.StringVar(&p.domain, "domain", "", "the domain of the user")
	flag.StringVar(&p.proxy, "proxy", "", "`host:port` of the outbound proxy")
	flag.StringVar(&p.listen, "listen", "", "`address:port` of this phone")
	flag.StringVar(&p.transport, "transport", "udp", "udp or tcp")
	var trace string
	flag.StringVar(&trace, "trace", "", "`file` for what is sent and received")
	flag.Parse()
	if trace != "" {
		f, err := os.Create(trace)
		if err != nil {
			fmt.Fprintln(os.Stderr, "sipgo:", err)
			os.Exit(1)
		}
		sip.SIPDebug = true
		sip.SIPDebugTracer(tracer{f})
	}
	if err := p.run(context.Background(), os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "sipgo:", err)
		os.Exit(1)
	}
}

// tracer writes down what is sent and received.
type tracer struct{ w io.Writer }

// SIPTraceRead writes down what came.
func (t tracer) SIPTraceRead(transport, local, remote string, message []byte) {
	fmt.Fprintf(t.w, "%s %s <- %s %s\n%s\n", time.Now().Format(time.TimeOnly+".000"), local, remote, transport, message)
}

// SIPTraceWrite writes down what went.
func (t tracer) SIPTraceWrite(transport, local, remote string, message []byte) {
	fmt.Fprintf(t.w, "%s %s -> %s %s\n%s\n", time.Now().Format(time.TimeOnly+".000"), local, remote, transport, message)
}

// phone is the telephone. It has one call at a time.
type phone struct {
	user, password, domain, proxy, listen, transport string
	client                                           *sipgo.Client
	contact                                          sip.ContactHeader

	mu  sync.Mutex
	out io.Writer
	// What there is of the call.
	cancel   context.CancelFunc         // of the last call that was made; without effect when that has ended
	calling  *sipgo.DialogClientSession // once that has answered
	incoming *sipgo.DialogServerSession // when the other side has called
}

func (p *phone) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// run registers and does what is asked until the input ends.
func (p *phone) run(ctx context.Context, in io.Reader) error {
	host, portText, err := net.SplitHostPort(p.listen)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return err
	}
	agent, err := sipgo.NewUA(sipgo.WithUserAgent(p.user), sipgo.WithUserAgentHostname(p.domain))
	if err != nil {
		return err
	}
	defer agent.Close()
	server, err := sipgo.NewServer(agent)
	if err != nil {
		return err
	}
	if p.client, err = sipgo.NewClient(agent, sipgo.WithClientHostname(host), sipgo.WithClientPort(port)); err != nil {
		return err
	}
	p.contact = sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: p.user, Host: host, Port: port, UriParams: sip.NewParams()}}
	p.contact.Address.UriParams.Add("transport", p.transport)
	dialogs := sipgo.DialogUA{Client: p.client, ContactHDR: p.contact}
	p.serve(server, &dialogs)
	if err := p.listenWith(server); err != nil {
		return err
	}
	if err := p.register(ctx, 300); err != nil {
		return err
	}
	p.say("registered")
	for lines := bufio.NewScanner(in); lines.Scan(); {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "call":
			ctx, cancel := context.WithCancel(ctx)
			p.mu.Lock()
			p.cancel = cancel
			p.mu.Unlock()
			go func() {
				defer cancel()
				p.call(ctx, &dialogs, rest)
			}()
		case "answer":
			go p.answer()
		case "refuse":
			go p.refuse()
		case "hang":
			p.hangUp(ctx)
		case "quit":
			return p.register(ctx, 0)
		}
	}
	return nil
}

// listenWith begins to listen, and returns when whatever is sent from here on goes out by the port that is listened at. sipgo says itself that it is ready, but
// before it has that port in its tables; when it reads for the first time, it has.
func (p *phone) listenWith(server *sipgo.Server) error {
	ready, failed := make(chan struct{}), make(chan error, 1)
	first := sync.OnceFunc(func() { close(ready) })
	switch p.transport {
	case "udp":
		conn, err := net.ListenPacket("udp", p.listen)
		if err != nil {
			return err
		}
		go func() { failed <- server.ServeUDP(&firstRead{conn, first}) }()
	case "tcp":
		l, err := net.Listen("tcp", p.listen)
		if err != nil {
			return err
		}
		go func() { failed <- server.ServeTCP(&firstAccept{l, first}) }()
	default:
		return fmt.Errorf("the transport is udp or tcp, not %q", p.transport)
	}
	select {
	case <-ready:
		return nil
	case err := <-failed:
		return err
	}
}

// firstRead tells when it is read from for the first time.
type firstRead struct {
	net.PacketConn
	tell func()
}

// ReadFrom reads a datagram.
func (c *firstRead) ReadFrom(b []byte) (int, net.Addr, error) {
	c.tell()
	return c.PacketConn.ReadFrom(b)
}

// firstAccept tells when it is asked for a connection for the first time.
type firstAccept struct {
	net.Listener
	tell func()
}

// Accept waits for a connection.
func (l *firstAccept) Accept() (net.Conn, error) {
	l.tell()
	return l.Listener.Accept()
}

// through sends a request by way of the outbound proxy.
func (p *phone) through(r *sip.Request) {
	r.SetTransport(strings.ToUpper(p.transport))
	r.SetDestination(p.proxy)
}

// from is the From of a request outside of a dialog.
func (p *phone) from() *sip.FromHeader {
	h := &sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: p.user, Host: p.domain}, Params: sip.NewParams()}
	h.Params.Add("tag", sip.GenerateTagN(16))
	return h
}

// register registers for some seconds; 0 ends the registration.
func (p *phone) register(ctx context.Context, seconds int) error {
	r := sip.NewRequest(sip.REGISTER, sip.Uri{Scheme: "sip", Host: p.domain})
	self := sip.Uri{Scheme: "sip", User: p.user, Host: p.domain}
	r.AppendHeader(p.from())
	r.AppendHeader(&sip.ToHeader{Address: self})
	r.AppendHeader(&p.contact)
	r.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(seconds)))
	p.through(r)
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	res, err := p.client.Do(ctx, r)
	if err == nil && res.StatusCode == 401 {
		res, err = p.client.DoDigestAuth(ctx, r, res, sipgo.DigestAuth{Username: p.user, Password: p.password})
	}
	if err == nil && res.StatusCode != 200 {
		err = fmt.Errorf("REGISTER was answered by %d %s", res.StatusCode, res.Reason)
	}
	return err
}

// sdp offers a port that nobody listens at.
func (p *phone) sdp() []byte {
	host, _, _ := net.SplitHostPort(p.listen)
	return []byte("v=0\r\no=- 1 1 IN IP4 " + host + "\r\ns=-\r\nc=IN IP4 " + host + "\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n")
}

func (p *phone) call(ctx context.Context, dialogs *sipgo.DialogUA, to string) {
	r := sip.NewRequest(sip.INVITE, sip.Uri{Scheme: "sip", User: to, Host: p.domain})
	r.AppendHeader(p.from())
	r.AppendHeader(&p.contact)
	r.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	r.SetBody(p.sdp())
	// For the CANCEL, which sipgo makes: it takes the Route over and not the destination.
	r.AppendHeader(sip.NewHeader("Route", "<sip:"+p.proxy+";transport="+p.transport+";lr>"))
	p.through(r)
	d, err := dialogs.WriteInvite(ctx, r)
	if err != nil {
		p.say("failed: %v", err)
		return
	}
	err = d.WaitAnswer(ctx, sipgo.AnswerOptions{Username: p.user, Password: p.password, OnResponse: func(res *sip.Response) error {
		if res.StatusCode == 180 {
			p.say("ringing")
		}
		return nil
	}})
	var refused *sipgo.ErrDialogResponse
	switch {
	case errors.Is(err, context.Canceled):
		p.say("cancelled")
		return
	case errors.As(err, &refused):
		p.say("failed %d", refused.Res.StatusCode)
		return
	case err != nil:
		p.say("failed: %v", err)
		return
	}
	if err := d.Ack(ctx); err != nil {
		p.say("failed: %v", err)
		return
	}
	p.mu.Lock()
	p.calling = d
	p.mu.Unlock()
	p.say("answered")
}

// serve sees to what comes.
func (p *phone) serve(server *sipgo.Server, dialogs *sipgo.DialogUA) {
	server.OnInvite(func(r *sip.Request, tx sip.ServerTransaction) {
		d, err := dialogs.ReadInvite(r, tx)
		if err != nil {
			p.say("failed: %v", err)
			return
		}
		p.mu.Lock()
		p.incoming = d
		p.mu.Unlock()
		if err := d.Respond(180, "Ringing", nil); err != nil {
			p.say("failed: %v", err)
			return
		}
		p.say("incoming")
		tx.OnCancel(func(*sip.Request) {
			p.mu.Lock()
			p.incoming = nil
			p.mu.Unlock()
			p.say("they have cancelled")
		})
		<-tx.Done() // sipgo ends a transaction when its handler returns
	})
	server.OnAck(func(r *sip.Request, tx sip.ServerTransaction) {
		p.mu.Lock()
		d := p.incoming
		p.mu.Unlock()
		if d != nil && d.ReadAck(r, tx) == nil {
			p.say("established")
		}
	})
	server.OnBye(func(r *sip.Request, tx sip.ServerTransaction) {
		p.mu.Lock()
		in, out := p.incoming, p.calling
		p.incoming, p.calling = nil, nil
		p.mu.Unlock()
		var err error
		switch {
		case in != nil:
			err = in.ReadBye(r, tx)
		case out != nil:
			err = out.ReadBye(r, tx)
		}
		if err != nil {
			p.say("failed: %v", err)
			return
		}
		p.say("ended")
	})
}

func (p *phone) answer() {
	p.mu.Lock()
	d := p.incoming
	p.mu.Unlock()
	if d == nil {
		return
	}
	if err := d.RespondSDP(p.sdp()); err != nil {
		p.say("failed: %v", err)
	}
}

func (p *phone) refuse() {
	p.mu.Lock()
	d := p.incoming
	p.incoming = nil
	p.mu.Unlock()
	if d == nil {
		return
	}
	if err := d.Respond(486, "Busy Here", nil); err != nil {
		p.say("failed: %v", err)
		return
	}
	p.say("refused")
}

// hangUp ends whatever call there is.
func (p *phone) hangUp(ctx context.Context) {
	p.mu.Lock()
	cancel, out, in := p.cancel, p.calling, p.incoming
	p.calling, p.incoming = nil, nil
	p.mu.Unlock()
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	var err error
	switch {
	case out != nil:
		err = out.Bye(ctx)
	case in != nil:
		err = in.Bye(ctx)
	default:
		cancel()
		return
	}
	if err != nil {
		p.say("failed: %v", err)
		return
	}
	p.say("ended")
}
