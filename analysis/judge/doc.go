// Package judge turns counts into evidence: whether a candidate is worse than a limit, and whether it is proven good enough
// for its next weight.
//
// In: what is checked and how sure to be (Config), what is remembered (State), and what one window showed (Window). Out: the
// new State and a Result with a Decision and the numbers behind it. Evidence against the candidate is an e-process: a product
// of likelihood ratios, mixed over effect sizes and over the windows at which a fault may have begun. Its expectation is at most
// 1 as long as the candidate keeps its limits, so it reaches 1/alpha with a probability of at most alpha, however often one
// looks (Ville's inequality). Evidence for the candidate is the same product for "the bad share is at least b", against a
// bound b that the next weight asks for.
//
// Sources: Wald (SPRT); Robbins (mixtures); Waudby-Smith and Ramdas (betting e-processes); Turner, Ly and Grunwald, arXiv
// 2106.02693 (two samples); Shin, Ramdas and Rinaldo, arXiv 2203.03532 (mixtures over start times); Lindon et al., KDD 2022,
// arXiv 2205.14762.
//
// It imports the standard library's mathematics and nothing else of this project. It must not know of Canaries, steps in time,
// clocks, sentences for people, or where counts come from.
package judge
