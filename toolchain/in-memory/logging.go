package main

import (
	"io"
	"os"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"
	ctrl "sigs.k8s.io/controller-runtime"
)

// podLogger writes a manager's lines to its pod process, where people look for them.
func podLogger(output io.Writer, verbosity int) logr.Logger {
	return textlogger.NewLogger(textlogger.NewConfig(textlogger.Verbosity(verbosity), textlogger.Output(output)))
}

func logToStderr() {
	ctrl.SetLogger(klog.Background())
}

// fatal ends the process: what cannot be written down must not happen.
func fatal(err error) {
	klog.Background().Error(err, "The in-memory cloud cannot go on")
	os.Exit(1)
}
