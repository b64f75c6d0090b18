package process

import "syscall"

// attributes makes the kernel end the child when the thread that started it ends: a test that
// times out or is killed leaves no Envoy behind. (Go ends a thread early only when a goroutine
// locked to it returns; no test here locks one.)
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
