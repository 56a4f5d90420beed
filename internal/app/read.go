// Package app wires the parts together: it is the only place that knows them all.
//
//	files ─ decode.Open ─ sniff ─ Format.New ─▶ decode.Chronological ─▶ decode.Merge ─▶ callflow.Assembler ─▶ emit(call)
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/all"
	"sipscribe/internal/report"
)

// ReadConfig says what to read and how.
type ReadConfig struct {
	// Files are names, patterns where the shell left them as they are, or "-" for Stdin.
	Files []string
	Stdin io.Reader
	// InputFormat is the name of a format for all files, "" to recognise each.
	InputFormat string
	Clock       *decode.ClockRules
	// Memory is the budget for calls that are not over, in bytes. 0: the default.
	Memory int64
	// Rows says that of each call no more is asked than a row of a list tells.
	Rows bool
	// Unrecognised, if set, is called with each stretch that no format recognised.
	Unrecognised func(source report.Source, rec *capture.Record) error
	// Loss, if set, is called where a source says that it lost something.
	Loss func(source report.Source, rec *capture.Record)
	// Turned, if set, is called with a source that has its newest record first. whole: it is read from its end; else it is too long for that and read as it is.
	Turned func(source report.Source, whole bool)
	// Opened, if set, is called with each source as it is opened, before anything is read from it.
	Opened func(source report.Source)
	// Begun, if set, is called before the first call: mixed says whether the sources write their times in different forms.
	Begun func(mixed bool)
	// Warn, if set, is told what went wrong with one source while the others go on.
	Warn func(error)
	// Progress, if set, is called now and then with the bytes read and the bytes to be read in all, 0 where that is not known.
	Progress func(done, total int64)
}

// ReadResult says what was read.
type ReadResult struct {
	Sources      []report.Source
	Unrecognised report.Unrecognised
	Stats        callflow.Stats
	// Named is how many sources there were to be, and Unread how many of them could not be read, or not to their end.
	Named, Unread int
	// Bytes is how many bytes were read, before any decompression.
	Bytes int64
	// Keepalives, Media, Encrypted and Other count what in captures is not SIP and not meant to be.
	Keepalives, Media, Encrypted, Other int64
	// ToldTwice is how many numbers were called both in a log that has only first lines of messages, and in a capture: calls to them may be the same, each told twice.
	ToldTwice int
}

// ErrNothing says that none of the sources could be read.
var ErrNothing = errors.New("nothing could be read")

// Read reads all sources, merged in time, and calls emit with each call when it is over. seq orders the calls by their beginning; all
// calls with a lower seq than oldest have been emitted. It returns ErrNothing (wrapped) if no source could be opened, the context's error if it was
// interrupted: then the calls that were open have been emitted too.
func Read(ctx context.Context, cfg ReadConfig, emit func(c *callflow.Call, oldest int64) error) (*ReadResult, error) {
	res := &ReadResult{}
	names, unmatched := expand(cfg.Files)
	if len(names) == 0 && len(unmatched) > 0 {
		return res, fmt.Errorf("%w: %w", ErrNothing, unmatched[0])
	}
	res.Named = len(names) + len(unmatched)
	r := &reading{cfg: cfg, res: res, room: decode.NewTurnRoom()}
	for _, err := range unmatched {
		r.warn(err)
	}
	defer r.close()
	r.ctx = ctx
	for _, name := range names {
		if err := r.open(name); err != nil {
			if res.Named == 1 {
				return res, fmt.Errorf("%w: %w", ErrNothing, err)
			}
			r.warn(err)
		}
	}
	if len(r.decoders) == 0 {
		return res, fmt.Errorf("%w: none of the %d files", ErrNothing, res.Named)
	}
	var asm *callflow.Assembler
	var looseErr error
	twice := newTwiceTold(res.Sources)
	options := callflow.Options{Memory: cfg.Memory, Rows: cfg.Rows, Logs: logsOf(namesOf(res.Sources)), Emit: func(c *callflow.Call) error {
		twice.see(c)
		return emit(c, asm.OldestOpen())
	}}
	if cfg.Unrecognised != nil {
		options.Loose = func(rec *capture.Record) {
			if looseErr == nil {
				looseErr = cfg.Unrecognised(res.Sources[rec.Origin.Source], rec)
			}
		}
	}
	asm = callflow.NewAssembler(options)
	err := r.run(ctx, asm)
	if err == nil {
		err = looseErr
	}
	res.ToldTwice = twice.numbers()
	res.Stats = asm.Stats()
	for _, in := range r.inputs {
		res.Unrecognised.Lines += in.Stats.UnrecognisedLines
		res.Unrecognised.Records += in.Stats.UnrecognisedRecords
		res.Keepalives += in.Stats.KeepAlives
		res.Media += in.Stats.Media
		res.Encrypted += in.Stats.Encrypted
		res.Other += in.Stats.Other
		if in.Stats.BrokenOff {
			res.Unread++
		}
	}
	for _, f := range r.files {
		res.Bytes += f.Done()
	}
	res.Unrecognised.Records += res.Stats.LooseEvents
	return res, err
}

// reading is one Read.
type reading struct {
	ctx      context.Context
	cfg      ReadConfig
	res      *ReadResult
	files    []*decode.File
	inputs   []*decode.Input
	decoders []decode.Decoder
	room     *decode.TurnRoom
	total    int64
}

func (r *reading) close() {
	for _, f := range r.files {
		_ = f.Close()
	}
}

// warn tells of a source that cannot be read, or not to its end.
func (r *reading) warn(err error) {
	r.res.Unread++
	if r.cfg.Warn != nil {
		r.cfg.Warn(err)
	}
}

// source opens a source. What somebody has yet to write (standard input, a named pipe, "<(ssh pbx cat log)") is read until the context is cancelled.
func (r *reading) source(name string) (*decode.File, error) {
	if name == "-" {
		return decode.OpenReader(name, UntilCancelled(r.ctx, r.cfg.Stdin))
	}
	if info, err := os.Stat(name); err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeCharDevice) != 0 {
		return decode.OpenReader(name, UntilCancelled(r.ctx, &lateFile{name: name}))
	}
	return decode.Open(name, nil)
}

// open opens a source and finds its format.
func (r *reading) open(name string) error {
	f, err := r.source(name)
	if err != nil {
		return err
	}
	src := report.Source{ID: len(r.files), Name: name}
	var format *decode.Format
	if r.cfg.InputFormat != "" {
		format = all.Named(r.cfg.InputFormat)
		if format == nil {
			_ = f.Close()
			return fmt.Errorf("--input-format: there is no format %q; there are %s", r.cfg.InputFormat, FormatNames())
		}
		src.Format, src.Reason = format.Name, "asked for with --input-format"
	} else {
		var v decode.Verdict
		head := f.R.Peek(decode.SniffLen)
		if err := f.R.Err(); err != nil && err != io.EOF && len(head) == 0 {
			_ = f.Close()
			return err
		}
		format, v = decode.Choose(all.Formats, head)
		if format == nil {
			// No SIP at its beginning; it may still come. The general format passes over everything else.
			format, v = all.Default, decode.Verdict{Reason: "no SIP in its first 64 KiB; read as text"}
		}
		src.Format, src.Reason = format.Name, v.Reason
	}
	r.files = append(r.files, f)
	r.res.Sources = append(r.res.Sources, src)
	in := &decode.Input{Source: int32(src.ID), Name: name, R: f.R,
		Options: decode.Options{Room: r.room, Named: r.cfg.InputFormat != "", Clock: r.cfg.Clock, KeepUnrecognised: r.cfg.Unrecognised != nil, Shown: true}}
	r.inputs = append(r.inputs, in)
	dec := format.New(in)
	if in.Turned && r.cfg.Turned != nil {
		r.cfg.Turned(src, in.TurnedWhole)
	}
	ordered := decode.NewChronological(&survivor{ctx: r.ctx, dec: dec, warn: r.warn, name: name}, r.cfg.Clock, r.room)
	ordered.Turned = func(whole bool) {
		if r.cfg.Turned != nil {
			r.cfg.Turned(src, whole)
		}
	}
	r.decoders = append(r.decoders, ordered)
	if r.total >= 0 && f.Size > 0 {
		r.total += f.Size
	} else {
		r.total = -1
	}
	if r.cfg.Opened != nil {
		r.cfg.Opened(src)
	}
	return nil
}

// survivor turns a read error in the middle of a source, or the end of the context, into the end of the source: what came before is still told. Whoever reads ahead
// does not look at the context: a source that has its newest first is read whole before it gives anything out.
type survivor struct {
	ctx  context.Context
	dec  decode.Decoder
	warn func(error)
	name string
	read int64
}

func (s *survivor) Next(rec *capture.Record) error {
	if s.read%progressStep == progressStep-1 && s.ctx.Err() != nil {
		return io.EOF
	}
	err := s.dec.Next(rec)
	switch {
	case err == nil:
		s.read++
	case err != io.EOF:
		msg := err.Error()
		if !strings.Contains(msg, s.name) {
			err = fmt.Errorf("%s: %w", s.name, err)
		}
		s.warn(fmt.Errorf("%w; what came before is told", err))
		return io.EOF
	}
	return err
}

// inOrder returns the decoders in the order that holds where times are equal.
func (r *reading) inOrder() []decode.Decoder {
	decoders := make([]decode.Decoder, 0, len(r.decoders))
	for _, i := range oldestFirst(namesOf(r.res.Sources)) {
		decoders = append(decoders, r.decoders[i])
	}
	return decoders
}

// namesOf returns the names of sources.
func namesOf(sources []report.Source) []string {
	names := make([]string, len(sources))
	for i := range sources {
		names[i] = sources[i].Name
	}
	return names
}

// progressStep is how many records go by between two looks at the clock and the context.
const progressStep = 2048

func (r *reading) run(ctx context.Context, asm *callflow.Assembler) error {
	merged := decode.NewMerge(r.inOrder())
	var rec capture.Record
	var interrupted error
	for n := 0; ; n++ {
		// Not before the first: what was read ahead to recognise the format is told, too.
		if n%progressStep == progressStep-1 {
			if interrupted = ctx.Err(); interrupted != nil {
				break
			}
			if r.cfg.Progress != nil {
				r.progress()
			}
		}
		err := merged.Next(&rec)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if n == 0 && r.cfg.Begun != nil {
			r.cfg.Begun(merged.FormsDiffer())
		}
		switch rec.Kind {
		case capture.KindUnknown:
			if r.cfg.Unrecognised != nil {
				if err := r.cfg.Unrecognised(r.res.Sources[rec.Origin.Source], &rec); err != nil {
					return err
				}
			}
			continue
		case capture.KindLoss:
			if r.cfg.Loss != nil {
				r.cfg.Loss(r.res.Sources[rec.Origin.Source], &rec)
			}
		}
		if err := asm.Add(&rec); err != nil {
			return err
		}
	}
	if err := asm.Close(); err != nil {
		return err
	}
	if interrupted == nil {
		interrupted = ctx.Err() // standard input ends when the context does
	}
	return interrupted
}

func (r *reading) progress() {
	done := int64(0)
	for _, f := range r.files {
		done += f.Done()
	}
	r.cfg.Progress(done, max(r.total, 0))
}

// expand resolves patterns, for shells that do not. unmatched has an error for each pattern that no file matches.
func expand(args []string) (names []string, unmatched []error) {
	for _, arg := range args {
		if arg != "-" && strings.ContainsAny(arg, "*?[") {
			if _, err := os.Lstat(arg); err != nil {
				list, err := filepath.Glob(arg)
				if len(list) > 0 {
					sort.Strings(list)
					names = append(names, list...)
					continue
				}
				// Brackets are more often part of a name, "log[1].txt": then it is a file that is not there.
				if err == nil && strings.ContainsAny(arg, "*?") {
					unmatched = append(unmatched, fmt.Errorf("no file matches %s", arg))
					continue
				}
			}
		}
		names = append(names, arg)
	}
	return names, unmatched
}

// FormatNames lists the names of the formats for people.
func FormatNames() string {
	var names []string
	for _, f := range all.Formats {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}
