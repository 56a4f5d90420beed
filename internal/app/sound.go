package app

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/transport"
	"sipscribe/internal/live/ua"
	"sipscribe/internal/media"
)

// Sound is what the calls of a phone without a sound card send, and where what comes is kept.
type Sound struct {
	// Play is a WAV file that is sent from its beginning in each call; Tone the name of a tone; Echo sends back what comes. None of them:
	// silence.
	Play string `yaml:"Play"`
	Tone string `yaml:"Tone"`
	Echo bool   `yaml:"Echo"`
	// Record is a WAV file for what comes; the second call's is named with -2, and so on.
	Record string `yaml:"Record"`
	// Recorded is told of each recording that was written, or could not be, by a goroutine of its own.
	Recorded func(file string, length time.Duration, err error) `yaml:"-"`
}

// tones are the values of Tone.
var tones = []struct {
	name string
	make func() *media.Tone
}{{"1khz", media.TestTone}, {"dial", media.DialTone}, {"ringback", media.RingbackTone}, {"busy", media.BusyTone}, {"reorder", media.ReorderTone}}

// source returns what makes the source of each call.
func (s *Sound) source() (func() media.Source, error) {
	set := 0
	for _, on := range []bool{s.Play != "", s.Tone != "", s.Echo} {
		if on {
			set++
		}
	}
	if set > 1 {
		return nil, errors.New("settings Play, Tone and Echo: a call sends one of them")
	}
	if s.Play != "" {
		f, err := os.Open(s.Play)
		if err != nil {
			return nil, fmt.Errorf("setting Play: %w", err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return nil, fmt.Errorf("setting Play: %s is a folder, not a file", s.Play)
		}
		pcm, err := media.ReadWAV(bufio.NewReader(f), media.DefaultRecording)
		if err != nil {
			return nil, fmt.Errorf("setting Play: %s: %w", s.Play, err)
		}
		return func() media.Source { return &media.Clip{PCM: pcm} }, nil
	}
	if s.Tone == "" {
		return func() media.Source { return nil }, nil
	}
	var names []string
	for _, t := range tones {
		if strings.EqualFold(t.name, s.Tone) {
			return func() media.Source { return t.make() }, nil
		}
		names = append(names, t.name)
	}
	return nil, fmt.Errorf("setting Tone: there is no %q; there are %s", s.Tone, strings.Join(names, ", "))
}

// recordings writes what comes in calls to files.
type recordings struct {
	name string
	tell func(file string, length time.Duration, err error)

	mu sync.Mutex
	n  int
}

// next returns the name of the next file: call.wav, call-2.wav, call-3.wav.
func (r *recordings) next() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n++; r.n == 1 {
		return r.name
	}
	ext := filepath.Ext(r.name)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(r.name, ext), r.n, ext)
}

// keep writes what a call has recorded, if anything was heard.
func (r *recordings) keep(pcm []int16) {
	if len(pcm) == 0 {
		return
	}
	file := r.next()
	err := os.WriteFile(file, media.AppendWAV(nil, media.WAVPCM16, pcm), 0o666)
	if r.tell != nil {
		r.tell(file, time.Duration(len(pcm))*time.Second/media.SampleRate, err)
	}
}

// recorder finds the recorder of a session.
func recorder(s media.Sink) *media.Recorder {
	switch s := s.(type) {
	case *media.Recorder:
		return s
	case media.Tee:
		for _, one := range s {
			if r := recorder(one); r != nil {
				return r
			}
		}
	}
	return nil
}

// openSound makes the sound of the phone's calls.
func (p *Phone) openSound(cfg *PhoneConfig, tap func(*capture.Record), log *slog.Logger) error {
	source, err := cfg.source()
	if err != nil {
		return err
	}
	kept := &recordings{name: cfg.Record, tell: cfg.Recorded}
	if cfg.Record != "" {
		if err := checkPlace(cfg.Record); err != nil {
			return fmt.Errorf("setting Record: %w", err)
		}
	}
	rc := transport.RTPConfig{PortMin: cfg.RTPPortMin, PortMax: cfg.RTPPortMax, Tap: tap, Logger: log,
		Session: func(int) media.SessionConfig {
			c := media.SessionConfig{Source: source(), Symmetric: cfg.SymmetricRTP, Rand: rand.Reader, CNAME: "sipscribe@" + p.Lines[0].Addr().String()}
			var sinks media.Tee
			if cfg.Record != "" {
				sinks = append(sinks, &media.Recorder{})
			}
			if cfg.Echo {
				pipe := &media.Pipe{}
				c.Source, sinks = pipe, append(sinks, pipe)
			}
			if len(sinks) > 0 {
				c.Sink = sinks
			}
			return c
		},
		Heard: func(port media.Port, key byte) {
			// It fails when the phone has ended, and then nobody listens.
			_ = p.Do(func(ph *ua.Phone, now time.Time, _ *live.Outbox) error { ph.Heard(now, port, key); return nil })
		},
		Closed: func(_ int, c media.SessionConfig, _ media.Counts) {
			if r := recorder(c.Sink); r != nil {
				kept.keep(r.PCM())
			}
		}}
	if p.rtp, err = transport.NewRTP(rc); err != nil {
		return fmt.Errorf("settings RTP Port Min and RTP Port Max: %w", err)
	}
	return nil
}
