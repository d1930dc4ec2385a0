/** Words that say how hard an ask is. A domain word is weak on its own; several together are not. */
export type ComplexitySignal = 'hard' | 'trivial' | 'constraint'

export const COMPLEXITY_TERMS: Readonly<Record<ComplexitySignal, string>> = {
  hard: `prove, proof, proofs, theorem, lemma, derive, derivation, rigorous, rigorously, optimise, optimize, optimal, architecture,
    trade offs, tradeoffs, trade off, distributed, concurrency, concurrent, thread safe, lock free, asymptotic, eigenvalue, eigenvalues, differential,
    integral, polynomial, polynomials, quantum, thermodynamic, thermodynamics, statute, liability, jurisdiction, precedent, indemnity,
    diagnosis, prognosis, pharmacology, contraindications, pathophysiology, econometric, econometrics, synthesise, synthesize, mechanism,
    enzyme, isomer, isomers, equilibrium, topology, manifold, combinatorial, modulo, probability, stochastic, bayesian, kernel,
    scalable, fault tolerant, fault tolerance, consensus, migration, microservices, race condition, deadlock, memory leak,
    formal verification, compiler, zero knowledge, cryptographic, threat model, design a system, system design, in depth, comprehensive, detailed analysis,
    critically, counterexample, invariant, np hard, dynamic programming, backpropagation, transformer, reinforcement learning, differential diagnosis, legal analysis,
    due diligence, valuation, tax implications, step by step proof, multi step, simulate, simulation, reconcile, root cause, paxos, raft, byzantine, halting, homomorphism, galois, riemann, conjecture, schrödinger, relativistic, entropy, stoichiometry, pareto, causal`,
  trivial: `hello, hi, hey, thanks, thank you, simple, simply, quick, quickly, basic, hello world, good morning, one liner, typo, rename, short, briefly, easy, reverses a string, reverse a string,
    fizzbuzz, fizz buzz, capital of, synonym, spell, what time, define, tell me a joke, joke, haiku, even or odd, how old, what color, what colour, who is, when was, who wrote`,
  constraint: `must, should, only, exactly, at least, at most, without, ensure, given that, such that, constraint, constraints, requirements,
    however, unless, except, compare, contrast, evaluate, analyse, analyze, justify, critique, assess, implications, considering, taking into account, while also, as well as, and then, finally, each of, for each, explain why, edge cases, backwards compatible, support, handle, handles`,
}

/** So common that an English ask of a few words has one. */
export const ENGLISH_WORD =
  /\b(?:the|an?|of|to|is|are|was|in|and|what|how|for|you|my|it|me|this|that|with|do|does|can|write|please|give|who|when|where|why|which|your|tell|explain|make|list|find|fix|add|print|show|create|translate|define|convert|hello|hi|hey|thanks)\b/i
