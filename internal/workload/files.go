package workload

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// The names of the files that WriteFiles writes.
const (
	LogFile   = "spa.log"
	PcapFile  = "sip.pcap"
	TruthFile = "truth.csv"
)

// Summary counts what was written.
type Summary struct {
	Calls    int // with registrations
	Messages int
	Repeats  int           // of Messages
	Bytes    int64         // of the messages themselves
	Span     time.Duration // of the log's time, from the first message to the last
}

// WriteFiles writes the plan's log, capture and truth into dir, which it makes if need be. A file appears under its name when it
// is whole, readable by all, and takes the place of an older one. progress, if not nil, is called now and then and at the end.
func (p *Plan) WriteFiles(dir string, o SyslogOptions, progress func(Summary)) (sum Summary, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return sum, fmt.Errorf("workload: %w", err)
	}
	var outs [3]output
	defer func() {
		for i := range outs {
			err = outs[i].close(err)
		}
		if err != nil {
			err = fmt.Errorf("workload: %w", err)
		}
	}()
	for i, name := range []string{LogFile, PcapFile, TruthFile} {
		if err := outs[i].open(filepath.Join(dir, name)); err != nil {
			return sum, err
		}
	}
	return p.Write(outs[0].w, outs[1].w, outs[2].w, o, progress)
}

// Write writes the plan's log, capture and truth to three writers, in one pass. progress is as in WriteFiles.
func (p *Plan) Write(log, pcap, truth io.Writer, o SyslogOptions, progress func(Summary)) (sum Summary, err error) {
	syslog := NewSyslogWriter(log, o)
	capture, err := NewPcapWriter(pcap)
	if err != nil {
		return sum, err
	}
	rows := NewTruthWriter(truth)
	var first time.Time
	for m := range p.Messages() {
		if m.First {
			sum.Calls++
			if sum.Calls == 1 {
				first = m.Time
			}
			if err := rows.Write(m.Call); err != nil {
				return sum, err
			}
		}
		sum.Messages++
		if m.Repeat {
			sum.Repeats++
		}
		sum.Bytes += int64(len(m.Data))
		sum.Span = m.Time.Sub(first)
		if err := syslog.Write(m); err != nil {
			return sum, err
		}
		if err := capture.Write(m); err != nil {
			return sum, err
		}
		if progress != nil && sum.Messages%10000 == 0 {
			progress(sum)
		}
	}
	if err := rows.Flush(); err != nil {
		return sum, err
	}
	if progress != nil {
		progress(sum)
	}
	return sum, nil
}

// output is a file that gets its name when it is whole.
type output struct {
	name string
	f    *os.File
	w    *bufio.Writer
}

func (o *output) open(name string) (err error) {
	if o.f, err = os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.part"); err != nil {
		return err
	}
	o.name, o.w = name, bufio.NewWriterSize(o.f, 1<<20)
	return nil
}

// close finishes the file, or removes it if err says that it is not whole, and returns the first error.
func (o *output) close(err error) error {
	if o.f == nil {
		return err
	}
	if e := o.w.Flush(); err == nil {
		err = e
	}
	// CreateTemp lets only the owner read.
	if e := o.f.Chmod(0o644); err == nil {
		err = e
	}
	if e := o.f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(o.f.Name(), o.name)
	}
	if err != nil {
		os.Remove(o.f.Name())
	}
	return err
}
