package main

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/postern/postern/deploy/sds"
)

// TestRefusalsAreLoggedAtAPace, the first and the last of them, and all are counted.
func TestRefusalsAreLoggedAtAPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.ErrorLevel)
		l := &refusals{log: zap.New(core), every: time.Minute}
		const many = 1000
		for i := range many {
			l.add(sds.Refusal{Version: fmt.Sprint(i), Names: []string{"default"}, Detail: "no"})
		}
		if n := logs.Len(); n != 1 || logs.All()[0].ContextMap()["version"] != "0" {
			t.Fatalf("%d lines at once: %v", n, logs.All())
		}
		time.Sleep(l.every)
		synctest.Wait()
		all := logs.All()
		if len(all) != 2 || all[1].ContextMap()["refusals"] != int64(many-1) || all[1].ContextMap()["version"] != fmt.Sprint(many-1) {
			t.Fatalf("%d lines: %v", len(all), all)
		}
		time.Sleep(l.every)
		synctest.Wait()
		if l.add(sds.Refusal{Version: "later"}); logs.Len() != 3 {
			t.Errorf("after a while: %d lines", logs.Len())
		}
	})
}
