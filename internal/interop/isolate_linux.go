package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolate runs this program once more, with the same arguments, in a network namespace that has the loopback interface and nothing
// else, and returns its exit status. again is true in that second run, whose loopback interface has just been brought up. Nothing that it or its
// children send can reach any other machine, nor the services of this one.
func isolate() (again bool, status int, err error) {
	if os.Getenv(within) != "" {
		return true, 0, loopbackUp()
	}
	self, err := os.Executable()
	if err != nil {
		return false, 0, err
	}
	flags := uintptr(unix.CLONE_NEWNET)
	if os.Geteuid() != 0 {
		flags |= unix.CLONE_NEWUSER
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), within+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	if flags&unix.CLONE_NEWUSER != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return false, 0, fmt.Errorf("no network namespace can be made here: %w", err)
	}
	// The child gets what is typed at the terminal by itself; what is sent to this process alone it must be told.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	err = cmd.Wait()
	signal.Stop(signals)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return false, max(exit.ExitCode(), 1), nil
	}
	return false, 0, err
}

// loopbackUp brings the loopback interface of a fresh namespace up, and makes sure that there is no other.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for i := 1; i < 64; i++ {
		r, err := unix.NewIfreq("lo")
		if err != nil {
			return err
		}
		r.SetUint32(uint32(i))
		if unix.IoctlIfreq(fd, unix.SIOCGIFNAME, r) == nil && r.Name() != "lo" && interfaceUp(fd, r.Name()) {
			return fmt.Errorf("the interface %s is up, and only lo should be: nothing is started", r.Name())
		}
	}
	r, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r); err != nil {
		return fmt.Errorf("the loopback interface does not come up: %w", err)
	}
	// baresip and linphone take no address of 127.0.0.0/8 for their own. One of RFC 5737 on lo is as much of this namespace alone.
	if r, err = unix.NewIfreq("lo:1"); err != nil {
		return err
	}
	if err := r.SetInet4Addr(net.ParseIP(softphoneAddr).To4()); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFADDR, r); err != nil {
		return fmt.Errorf("the loopback interface does not take the address %s: %w", softphoneAddr, err)
	}
	return nil
}

func interfaceUp(fd int, name string) bool {
	r, err := unix.NewIfreq(name)
	return err == nil && unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, r) == nil && r.Uint16()&unix.IFF_UP != 0
}

// dieWithUs has a child killed when the thread that started it is gone.
func dieWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
