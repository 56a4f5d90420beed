package figures

import "syscall"

// processor returns the name of the processor, "" if the system does not tell.
func processor() string {
	name, _ := syscall.Sysctl("machdep.cpu.brand_string")
	return name
}
