/**
 * What can go wrong (A) and what can be tried (B), and what the router has to do about it. A test whose name begins
 * with the number of a row (`A 01: …`) proves it; `scripts/write-reliability.ts` brings the two together.
 */
export interface Row {
  readonly id: string
  readonly fault: string
  readonly behaviour: string
  /** Why it is not done here; null: it is, or has to be. */
  readonly notHere: string | null
}

/** number | what goes wrong | what has to happen | why not here */
const FAULTS = `
01 | a backend's port is closed | the next target is asked within 10 ms, and the failure counts against the first
02 | a connection is never opened (SYN is dropped) | given up at the connect timeout, then the next target
03 | a name does not resolve, or resolves to a public address where a local one was | an error; what is local is proven on the open connection; nothing leaks
04 | a certificate is not to be trusted | no second try, told as a mistake in the set-up; verification is never switched off
05 | a backend accepts and never answers | the first-token limit ends it, the next target answers, the connection is closed
06 | status 200, then silence | as 05: headers commit to nothing
07 | status 200 with an error as the first event | a failure like any other: the next target answers, and the client sees one clean stream
08 | an envelope without content, then an error | the envelope was held back, so the client notices nothing of the fallback
09 | a stream stalls in its middle | the idle limit ends it with an error event; no clean end, no second start
10 | a stream that only pings, for ever | bytes are no progress: the limit for progress ends it
11 | a reset in the middle of a stream | an error event; it counts as a truncated answer and against the backend
12 | a stream ends cleanly without having finished | told as truncated, with an error event
13 | a malformed frame in the middle of a stream | left out or ended on, the same each time; no crash, no half frame to the client
14 | events and characters are split across segments | the same output for every split
15 | CRLF, CR, byte order marks, data on several lines, huge lines | read as the standard says; a line has a limit (8 MiB, as images come in one event)
16 | 429 with a Retry-After in seconds, as a date, in the past, absurd | the pause is kept, with an upper limit; a request never sleeps it out
17 | 429 from every target | refused at once, with the shortest Retry-After, and the client's SDK is told not to repeat
18 | 500, 502, 503, 504, 529 | tried again within the budget, then the next target
19 | 401, 403 | no second try, no open breaker; a local backend is never shut out for it
20 | 400, 413, 422 | told to the client as 400, with the backend's own number in the message; nobody is asked again
21 | the prompt is longer than the model's context | the next target that may take it and holds more; else told as what it is
22 | half of the answers are errors | the success rate opens the breaker, one probe closes it again
23 | a backend that comes and goes | each opening is longer, with one probe at a time
24 | a crowd of requests at a half-open breaker | exactly one passes
25 | every target is shut out | refused at once with 503; a private request gets no other targets for it
26 | everything fails at 200 requests a second | tries stay within 1.2 of the requests and the reserve
27 | the client's SDK repeats on top of that | all tries for one call of a user stay within the router's own limit
28 | a client leaves before the first byte | the backend's request ends within 100 ms; a waiting one leaves its queue
29 | a client leaves in mid-stream, or waiting for a whole answer | the same for both, and the slot is free
30 | a client closes its sending half and reads on | the answer ends: Node closes it; documented
31 | a client never reads | memory is bounded, the backend is paused, and after a minute it is over
32 | headers or a body come too slowly | 408 at the limit; others notice nothing
33 | thousands of idle connections, no file descriptor left | no crash; new ones are shed, and it recovers
34 | ten times what one GPU can do | 90 % of the capacity is useful work, the queue is bounded, what has expired is not run
35 | a model loads for a minute and a half | no fallback for that; signs of life to the client
36 | the backend says that its own queue is full | less is sent; that opens no breaker
37 | SIGTERM with 50 streams | nothing new, streams end, late ones with an error event; exit 0 in time
38 | SIGTERM twice, SIGKILL | at once; the database is whole
39 | a wrong policy on reload | the old one stays and serves, with a metric and a log line; \`check\` says so
40 | a good policy on reload, under load | no request fails; those in flight keep what they began with
41 | a shared store refuses connections | local limits hold | there is no shared store
42 | a shared store freezes | 50 ms once, then the breaker | there is no shared store
43 | a shared store loses its data | degraded, and it shows | there is no shared store
44 | a database server fails over | as 42 | records are in a file of this process
45 | the clocks of replicas differ | the store's time holds | replicas share nothing
46 | the records' file is locked, full, read-only or broken | serving goes on; what is not written is counted, and waits in a bounded buffer
47 | SIGKILL in the middle of a write | no batch that was acknowledged is lost; the file is whole
48 | the write-ahead log grows under a long reader | it is checkpointed and has a limit
49 | the event loop is blocked for half a second | health answers afterwards, and the delay is seen
50 | the heap is nearly full | mirrors give way first, then new requests; no crash at twice the load
51 | an exception that nobody expected, in one request | that request gets 500, the process lives, the slot is free
52 | a mirror's target is slow, dead or answers hugely | the client's answer is as fast as without it, and memory too
53 | bytes that nobody asked for, on an idle connection | the connection is dropped; no answer moves to the next request
54 | the wall clock jumps | no limit notices: timers are monotonic
`

const ATTACKS = `
01 | a web page with a name that resolves to this machine | refused by Host, before the body is read
02 | a form of another site | refused by Origin and content type
03 | a preflight of another site | no header that allows it
04 | listening on every address without keys | refused at the start
05 | keys guessed, or told by time | the same work for every key, the same answer for all that are wrong
06 | SQL in headers, model, user | text like any other
07 | a body that names another address for the backend | ignored or refused; nothing is dialled
08 | headers meant for the backend, hop-by-hop headers | not forwarded
09 | the client's key | not forwarded to a provider
10 | a redirect from a backend | an error; no second request
11 | addresses of images and files in a request | never fetched by the router; a private request with one is refused or stays
12 | odd addresses in the policy | refused when it is read
13 | contradictory lengths, folded headers, bare line feeds, NUL | 400, and the connection is closed
14 | pipelined requests | answered one by one, in order
15 | bodies of 100 MB, bodies without an end | 413 early; memory stays flat
16 | compressed bodies | 415
17 | a backend that answers compressed, or with a thousand encodings | identity is asked for; anything else is an error and is not unpacked
18 | JSON five million levels deep | 400 within a millisecond
19 | a million keys, a hundred thousand messages, one huge string | bounded, or 400
20 | keys twice, or in other letters | 400, or one canonical value to the backend
21 | __proto__ and constructor | no prototype is changed
22 | lone surrogates, byte order marks, invalid UTF-8 | 400; no way past the detectors
23 | text made to slow down a pattern | a millisecond a KB at most
24 | a slow pattern of the operator's own | refused at load | the policy takes no patterns
25 | YAML bombs, tags, doubled keys, ten megabytes | an error within 100 ms, without the content
26 | line ends and escapes meant for the log | one valid line of JSON each
27 | a million model names and paths | the number of series does not grow
28 | quotes and line ends meant for the metrics | escaped, or they cannot get there
29 | secrets in the texts of errors | none of them: our own words
30 | header values with line ends in the policy | refused at load, the value not shown
31 | names of cloud models, in every spelling and by alias | refused for a private request
32 | a header that says normal, on a text that is not | still private
33 | private data in the history, tools, schemas, file names | private
34 | private data written so that patterns miss it | private, for the writings that are listed
35 | ids that stand for text which the router does not see | refused for a private request
36 | tools that the backend itself would run elsewhere | left out or refused for a private request
37 | a gigabyte, an endless line, ten thousand headers, cookies from a backend | bounded; only known headers go on to the client
38 | framing and HTML inside an answer | text like any other
39 | paths that climb, double slashes, methods in disguise | 404 or 405
40 | upgrades to WebSocket and h2c | refused
41 | a policy or database that others can write | refused, or created for its owner alone
42 | a dependency goes bad | few of them, locked, no install scripts
43 | one user's answer for another | nothing is cached; what is stored belongs to its key
44 | the router's own pages from elsewhere | key and Host hold for them too
`

function read(letter: 'A' | 'B', table: string): readonly Row[] {
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [number = '', fault = '', behaviour = '', notHere] = line.split(' | ')
      return { id: `${letter} ${number}`, fault, behaviour, notHere: notHere ?? null }
    })
}

export const ROWS: readonly Row[] = [...read('A', FAULTS), ...read('B', ATTACKS)]
