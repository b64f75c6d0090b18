// Package lint finds what is wrong with policies that load: rules that do nothing, allows that are
// too wide, denies that never match, dates that pass.
//
// [Run] takes the text of every file of a directory and returns a Report. It reads nothing else:
// the time comes in, too. Each Finding has a Code, which docs/lint.md explains, the place it is
// about, and, where that changes no decision, a Fix, which [Mend] applies to the text.
//
// What a finding claims is proven and not guessed. A rule is called subsumed only if each conjunct
// of the other is implied by one of its own, so that no request can tell the two apart; where
// that cannot be shown, nothing is said. Several policies may protect one workload: another's
// rules count only if they hold for every workload that the rule at hand holds for. With faults
// in some files, what depends on the whole directory is not looked at.
//
// A comment silences a finding on the line below it, or beside it, and has to say why:
//
//	# postern:allow anonymous-write: the shop's front page counts visits
package lint
