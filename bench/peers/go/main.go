// peer_bench — the core benchmarks in plain Go, as a measure to hold Joist against.
//
//	peer_bench NAME [--n N] [--workers W]
//
// prints one JSON line. N counts operations (goroutines, round trips, hops, leaves, messages,
// timers, meetings, ...), and ns_per_op is seconds / N.
//
// A goroutine with a buffered channel stands for a process with its mailbox. The channel is bounded
// and carries one type only: a sender blocks when it is full, and nothing is allocated per message.
// Where the work bounds the messages under way, the channel has room for all of them, so that no
// send blocks; where it does not (fan_in, fan_out, counting, sieve, banking), the producer waits for
// the consumer.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Room in the mailbox of a process whose producers are bounded by nothing else.
const streamCapacity = 1024

type result struct {
	seconds, cpuSeconds float64
	rssBytesPerProc     float64
	stopNsPerOp         float64 // spawn_idle only, else negative
}

type benchmark struct {
	n   int
	run func(n int) result
}

var benchmarks = map[string]benchmark{
	"spawn_idle_100k":         {100_000, spawnIdle},
	"spawn_idle_1m":           {1_000_000, spawnIdle},
	"spawn_exit":              {1_000_000, spawnExit},
	"pingpong":                {1_000_000, pingpong},
	"ring_1":                  {1_000_000, func(n int) result { return ring(n, 1) }},
	"ring_100":                {1_000_000, func(n int) result { return ring(n, 100) }},
	"skynet":                  {1_000_000, skynet},
	"fan_in":                  {4_000_000, fanIn},
	"fan_out":                 {1_000_000, fanOut},
	"call_1":                  {500_000, func(n int) result { return call(n, 1) }},
	"call_8":                  {500_000, func(n int) result { return call(n, 8) }},
	"timers":                  {1_000_000, timers},
	"sv_counting":             {1_000_000, counting},
	"sv_thread_ring":          {100_000, threadRing},
	"sv_fork_join_create":     {40_000, forkJoinCreate},
	"sv_fork_join_throughput": {600_000, forkJoinThroughput},
	"sv_big":                  {2_400_000, big},
	"sv_chameneos":            {200_000, chameneos},
	"sv_concdict":             {200_000, concdict},
	"sv_philosophers":         {200_000, philosophers},
	"sv_sieve":                {100_000, sieve},
	"sv_banking":              {50_000, banking},
}

func main() {
	if len(os.Args) < 2 {
		fail(2, "usage: peer_bench NAME [--n N] [--workers W]")
	}
	name := os.Args[1]
	if strings.HasPrefix(name, "fairness") {
		fairness(name, os.Args[2:])
		return
	}
	bench, known := benchmarks[name]
	if !known {
		fail(2, name+": no such benchmark")
	}
	flags := flag.NewFlagSet("peer_bench", flag.ExitOnError)
	n := flags.Int("n", bench.n, "operations")
	workers := flags.Int("workers", runtime.NumCPU(), "threads that run goroutines")
	flags.Parse(os.Args[2:])
	runtime.GOMAXPROCS(*workers)

	r := bench.run(*n)
	stop := ""
	if r.stopNsPerOp >= 0 {
		stop = fmt.Sprintf(`,"stop_ns_per_op":%.2f`, r.stopNsPerOp)
	}
	fmt.Printf(`{"peer":"go","bench":"%s","n":%d,"threads":%d,"seconds":%.6f,"ns_per_op":%.2f,`+
		`"cpu_seconds":%.3f,"rss_bytes_per_proc":%.1f%s}`+"\n",
		name, *n, *workers, r.seconds, r.seconds*1e9/float64(*n), r.cpuSeconds, r.rssBytesPerProc, stop)
}

// -- spawn -----------------------------------------------------------------------------------------

func spawnIdle(n int) result {
	ready, ended := newCountdown(n), newCountdown(n)
	before := rssBytes()
	mailboxes := make([]chan int, n)
	r := measured(func() {
		for i := range mailboxes {
			mailbox := make(chan int, 1)
			mailboxes[i] = mailbox
			go func() {
				ready.arrive()
				<-mailbox
				ended.arrive()
			}()
		}
		ready.await()
	})
	r.rssBytesPerProc = float64(rssBytes()-before) / float64(n)
	stop := measured(func() {
		for _, mailbox := range mailboxes {
			mailbox <- 1
		}
		ended.await()
	})
	r.stopNsPerOp = stop.seconds * 1e9 / float64(n)
	return r
}

// The children receive nothing, so they have no mailbox.
func spawnExit(n int) result {
	const waves = 10
	parent := make(chan int, n/waves)
	return measured(func() {
		for wave := 0; wave < waves; wave++ {
			for i := 0; i < n/waves; i++ {
				go func() { parent <- 1 }()
			}
			collect(parent, n/waves)
		}
	})
}

func skynet(n int) result {
	return measured(func() {
		root := make(chan int, 1)
		go skynetNode(root, 0, n)
		sum := <-root
		check(sum == n*(n-1)/2, "skynet: wrong sum (is n a power of ten?)")
	})
}

func skynetNode(parent chan int, number, size int) {
	if size == 1 {
		parent <- number
		return
	}
	mailbox := make(chan int, 10)
	part := size / 10
	for i := 0; i < 10; i++ {
		go skynetNode(mailbox, number+i*part, part)
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-mailbox
	}
	parent <- sum
}

// -- messages --------------------------------------------------------------------------------------

// A goroutine that adds up, and clients that ask it, each with a channel for the answers. What would be a monitor and a
// time-out elsewhere is left out; call_queued and supervise have no counterpart.
func call(n, clients int) result {
	type question struct {
		n     int
		reply chan int
	}
	questions := make(chan question, 64)
	defer close(questions)
	go func() {
		sum := 0
		for q := range questions {
			sum += q.n
			q.reply <- sum
		}
	}()
	asked := newCountdown(clients)
	return measured(func() {
		for c := 0; c < clients; c++ {
			go func() {
				reply := make(chan int, 1)
				for i := 0; i < n/clients; i++ {
					questions <- question{1, reply}
					<-reply
				}
				asked.arrive()
			}()
		}
		asked.await()
	})
}

func pingpong(n int) result {
	return measured(func() {
		ping, pong, done := make(chan int, 1), make(chan int, 1), make(chan int, 1)
		go func() {
			for {
				pong <- <-ping
			}
		}()
		go func() {
			for i := 0; i < n; i++ {
				ping <- i
				<-pong
			}
			done <- 1
		}()
		<-done
	})
}

// The tokens start at even distances; each carries the hops it has left.
func ring(n, tokens int) result {
	const size = 1000
	done := make(chan int, tokens)
	nodes := makeMailboxes(size, tokens)
	for i := range nodes {
		mailbox, next := nodes[i], nodes[(i+1)%size]
		go func() {
			for hops := range mailbox {
				if hops == 0 {
					done <- 1
				} else {
					next <- hops - 1
				}
			}
		}()
	}
	return measured(func() {
		for i := 0; i < tokens; i++ {
			nodes[i*size/tokens] <- n/tokens - 1
		}
		collect(done, tokens)
	})
}

func fanIn(n int) result {
	const producers = 4
	return measured(func() {
		consumer, done := make(chan int, streamCapacity), make(chan int, 1)
		for i := 0; i < producers; i++ {
			go func() {
				for m := 0; m < n/producers; m++ {
					consumer <- m
				}
			}()
		}
		go func() {
			collect(consumer, n/producers*producers)
			done <- 1
		}()
		<-done
	})
}

func fanOut(n int) result {
	const consumers = 100
	return measured(func() {
		done := make(chan int, consumers)
		mailboxes := makeMailboxes(consumers, streamCapacity)
		for i := range mailboxes {
			mailbox := mailboxes[i]
			go func() {
				collect(mailbox, n/consumers)
				done <- 1
			}()
		}
		go func() {
			for m := 0; m < n/consumers; m++ {
				for _, mailbox := range mailboxes {
					mailbox <- m
				}
			}
		}()
		collect(done, consumers)
	})
}

// A generator so cheap that the figure is about timers (minimal standard, delays of 0 to 1000 ms).
// AfterFunc starts a goroutine per timer, which sends to the collector.
func timers(n int) result {
	return measured(func() {
		collector := make(chan int, n)
		random := 1
		for i := 0; i < n; i++ {
			random = random * 48271 % 2147483647
			time.AfterFunc(time.Duration(random%1001)*time.Millisecond, func() { collector <- 1 })
		}
		collect(collector, n)
	})
}

// -- Savina (parameters of shamsimam/savina) -------------------------------------------------------

func counting(n int) result {
	type message struct{ replyTo chan int } // nil: increment
	return measured(func() {
		counter, done := make(chan message, streamCapacity), make(chan int, 1)
		go func() {
			count := 0
			for m := range counter {
				if m.replyTo != nil {
					m.replyTo <- count
					return
				}
				count++
			}
		}()
		go func() {
			for i := 0; i < n; i++ {
				counter <- message{}
			}
			mailbox := make(chan int, 1)
			counter <- message{mailbox}
			check(<-mailbox == n, "sv_counting: wrong count")
			done <- 1
		}()
		<-done
	})
}

// 100 processes; after the pings an exit message goes round once.
func threadRing(n int) result {
	const size = 100
	type message struct {
		exit bool
		left int
	}
	return measured(func() {
		done := make(chan int, 1)
		nodes := make([]chan message, size)
		for i := range nodes {
			nodes[i] = make(chan message, 1)
		}
		for i := range nodes {
			mailbox, next := nodes[i], nodes[(i+1)%size]
			go func() {
				for m := range mailbox {
					switch {
					case !m.exit && m.left > 0:
						next <- message{false, m.left - 1}
					case !m.exit:
						next <- message{true, size - 1}
					case m.left > 0:
						next <- message{true, m.left - 1}
						return
					default:
						done <- 1
						return
					}
				}
			}()
		}
		nodes[0] <- message{false, n}
		<-done
	})
}

func forkJoinCreate(n int) result {
	ended := newCountdown(n)
	return measured(func() {
		for i := 0; i < n; i++ {
			mailbox := make(chan int, 1)
			go func() {
				<-mailbox
				compute(37.2)
				ended.arrive()
			}()
			mailbox <- 1
		}
		ended.await()
	})
}

func forkJoinThroughput(n int) result {
	const actors = 60
	ended := newCountdown(actors)
	return measured(func() {
		mailboxes := makeMailboxes(actors, streamCapacity)
		for i := range mailboxes {
			mailbox := mailboxes[i]
			go func() {
				for m := 0; m < n/actors; m++ {
					<-mailbox
					compute(37.2)
				}
				ended.arrive()
			}()
		}
		for m := 0; m < n/actors; m++ {
			for _, mailbox := range mailboxes {
				mailbox <- m
			}
		}
		ended.await()
	})
}

func compute(theta float64) {
	sin := math.Sin(theta)
	check(sin*sin > 0, "sin: unrealistic result")
}

// 120 actors; each pings a random one and waits for its pong before the next ping.
func big(n int) result {
	const actors = 120
	const (
		ping = iota
		pong
		exit
	)
	type message struct{ kind, from int }
	ended := newCountdown(actors)
	return measured(func() {
		sink := make(chan int, actors)
		all := make([]chan message, actors)
		for i := range all {
			all[i] = make(chan message, actors+2) // a ping of each, one pong, one exit
		}
		for id := range all {
			id := id
			go func() {
				left, expected, random := n/actors, -1, id
				for m := range all[id] {
					switch m.kind {
					case ping:
						all[m.from] <- message{pong, id}
					case pong:
						check(m.from == expected, "sv_big: pong of the wrong actor")
						if left == 0 {
							sink <- 1
							continue
						}
						random = (random*1309 + 13849) & 65535 // Savina's PseudoRandom
						expected = random % actors
						left--
						all[expected] <- message{ping, id}
					case exit:
						ended.arrive()
						return
					}
				}
			}()
		}
		go func() {
			collect(sink, actors)
			for _, mailbox := range all {
				mailbox <- message{exit, -1}
			}
		}()
		for _, mailbox := range all {
			mailbox <- message{pong, -1}
		}
		ended.await()
	})
}

// 100 creatures meet in pairs at a mall. Colours are 0, 1 and 2.
func chameneos(n int) result {
	const creatures = 100
	const (
		meet = iota
		change
		exit
		meetings
	)
	type message struct {
		kind, value int // value: a colour, or the number of meetings
		from        chan message
	}
	complement := func(a, b int) int {
		if a == b {
			return a
		}
		return 3 - a - b
	}
	creature := func(mall, mailbox chan message, colour int) {
		met := 0
		mall <- message{meet, colour, mailbox}
		for m := range mailbox {
			switch m.kind {
			case meet:
				colour = complement(colour, m.value)
				met++
				m.from <- message{change, colour, mailbox}
				mall <- message{meet, colour, mailbox}
			case change:
				colour = m.value
				met++
				mall <- message{meet, colour, mailbox}
			case exit:
				m.from <- message{meetings, met, mailbox}
				return
			}
		}
	}
	return measured(func() {
		done := make(chan int, 1)
		go func() {
			mall := make(chan message, creatures) // a creature has one message at the mall
			for id := 0; id < creatures; id++ {
				go creature(mall, make(chan message, 2), id%3)
			}
			var waiting chan message
			left, sum := n, 0
			for faded := 0; faded < creatures; {
				m := <-mall
				switch {
				case m.kind == meetings:
					faded++
					sum += m.value
				case left == 0:
					m.from <- message{exit, 0, mall}
				case waiting == nil:
					waiting = m.from
				default:
					waiting <- m
					waiting = nil
					left--
				}
			}
			check(sum == 2*n, "sv_chameneos: wrong number of meetings")
			done <- 1
		}()
		<-done
	})
}

// 20 workers ask a dictionary, which is filled before the time begins; one request in ten writes.
// What is written under a key is congruent to it, so that each answer can be checked.
func concdict(n int) result {
	const workers = 20
	const limit = 524_287
	const (
		read = iota
		write
		exit
	)
	type message struct {
		kind, key, value int
		from             chan int
	}
	worker := func(dictionary chan message, random int, done chan int) {
		below := func(bound int) int {
			random = random * 48271 % 2147483647
			return random % bound
		}
		mailbox, right := make(chan int, 1), 0
		for i := 0; i < n/workers; i++ {
			writes, key := below(100) < 10, below(limit)
			if writes {
				dictionary <- message{write, key, key + limit*below(4096), mailbox}
			} else {
				dictionary <- message{read, key, 0, mailbox}
			}
			if <-mailbox%limit == key {
				right++
			}
		}
		done <- right
	}
	dictionary, filled := make(chan message, workers), make(chan int, 1) // a worker has one request there
	go func() {
		entries := make(map[int]int, limit)
		for key := 0; key < limit; key++ {
			entries[key] = key
		}
		filled <- 1
		for m := range dictionary {
			switch m.kind {
			case read:
				m.from <- entries[m.key]
			case write:
				entries[m.key] = m.value
				m.from <- m.value
			case exit:
				m.from <- len(entries)
				return
			}
		}
	}()
	<-filled
	done, right := make(chan int, workers), 0
	r := measured(func() {
		for id := 0; id < workers; id++ {
			go worker(dictionary, id+1, done)
		}
		for i := 0; i < workers; i++ {
			right += <-done
		}
	})
	dictionary <- message{exit, 0, 0, done}
	check(<-done == limit && right == n/workers*workers, "sv_concdict: wrong answers")
	return r
}

// 20 philosophers; who is denied a fork asks again at once.
func philosophers(n int) result {
	const seats = 20
	const (
		start = iota
		denied
		eat
	)
	const (
		hungry = iota
		fed
		leave
	)
	type message struct {
		kind, id, rounds int
		from             chan int
	}
	philosopher := func(arbitrator chan message, id int) {
		mailbox, eaten := make(chan int, 1), 0 // it waits for one answer, or for itself
		mailbox <- start
		for eaten < n/seats {
			switch <-mailbox {
			case start, denied:
				arbitrator <- message{hungry, id, 0, mailbox}
			case eat:
				eaten++
				arbitrator <- message{fed, id, 0, mailbox}
				if eaten < n/seats {
					mailbox <- start
				}
			}
		}
		arbitrator <- message{leave, id, eaten, mailbox}
	}
	return measured(func() {
		done := make(chan int, 1)
		go func() {
			arbitrator := make(chan message, 2*seats) // of each: fed, then hungry or leave
			for id := 0; id < seats; id++ {
				go philosopher(arbitrator, id)
			}
			var taken [seats]bool
			meals, eaten := 0, 0
			for here := seats; here > 0; {
				m := <-arbitrator
				left, right := &taken[m.id], &taken[(m.id+1)%seats]
				switch m.kind {
				case hungry:
					if *left || *right {
						m.from <- denied
					} else {
						*left, *right = true, true
						m.from <- eat
					}
				case fed:
					check(*left && *right, "sv_philosophers: fed without forks")
					*left, *right = false, false
					meals++
				case leave:
					eaten += m.rounds
					here--
				}
			}
			check(eaten == n/seats*seats && meals == eaten, "sv_philosophers: wrong number of rounds")
			done <- 1
		}()
		<-done
	})
}

// The candidates below 2 n: 2, with which the first filter begins, and the odd numbers. A filter keeps
// the first 1000 primes that reach it, and passes on what none of them divides.
func sieve(n int) result {
	primes := 0
	r := measured(func() {
		first, sink := make(chan int, streamCapacity), make(chan int, 1)
		go primeFilter(first, sink, 2, 0)
		go func() {
			for candidate := 3; candidate < n; candidate += 2 {
				first <- candidate
			}
			first <- noMore
		}()
		primes = <-sink
	})
	expected := 1
	for candidate := 3; candidate < n; candidate += 2 {
		if isPrime(candidate) {
			expected++
		}
	}
	check(primes == expected, "sv_sieve: wrong number of primes")
	return r
}

const noMore = 0 // in place of a candidate

func primeFilter(mailbox, sink chan int, first, before int) {
	const room = 1000
	primes := append(make([]int, 0, room), first)
	var next chan int
	for candidate := range mailbox {
		switch {
		case candidate == noMore && next != nil:
			next <- noMore
			return
		case candidate == noMore:
			sink <- before + len(primes)
			return
		case isDivided(candidate, primes):
		case next != nil:
			next <- candidate
		case len(primes) < room:
			primes = append(primes, candidate)
		default:
			next = make(chan int, streamCapacity)
			go primeFilter(next, sink, candidate, before+room)
		}
	}
}

func isDivided(candidate int, primes []int) bool {
	for _, prime := range primes {
		if candidate%prime == 0 {
			return true
		}
	}
	return false
}

func isPrime(odd int) bool {
	for d := 3; d*d <= odd; d += 2 {
		if odd%d == 0 {
			return false
		}
	}
	return true
}

// 1000 accounts. Money goes from lower ones to higher ones, so that no circle of them waits. A channel
// has no selective receive: receipts have one of their own, and the other messages wait meanwhile.
func banking(n int) result {
	const accounts = 1000
	const initial = 1_000_000_000
	const accountCapacity = 128 // twice the transfers that wait at an account, at the default n
	const (
		transfer = iota
		deposit
		exit
	)
	type message struct {
		kind, amount int
		to           chan message // of a transfer
		receipt      chan int     // of a deposit
	}
	account := func(mailbox chan message, transferred, balances chan int) {
		balance, receipt := initial, make(chan int, 1)
		for m := range mailbox {
			switch m.kind {
			case transfer:
				balance -= m.amount
				m.to <- message{deposit, m.amount, nil, receipt}
				<-receipt
				transferred <- 1
			case deposit:
				balance += m.amount
				m.receipt <- 1
			case exit:
				balances <- balance
				return
			}
		}
	}
	return measured(func() {
		transferred, balances := make(chan int, n), make(chan int, accounts)
		all := make([]chan message, accounts)
		for id := range all {
			all[id] = make(chan message, accountCapacity)
			go account(all[id], transferred, balances)
		}
		random := 123456
		below := func(bound int) int {
			random = (random*1309 + 13849) & 65535 // Savina's PseudoRandom
			return random % bound
		}
		for i := 0; i < n; i++ {
			from := below(accounts / 10 * 8)
			to := below(accounts - from)
			if to == 0 {
				to = 1
			}
			all[from] <- message{transfer, 1 + below(1000), all[from+to], nil}
		}
		collect(transferred, n)
		for _, mailbox := range all {
			mailbox <- message{exit, 0, nil, nil}
		}
		money := 0
		for i := 0; i < accounts; i++ {
			money += <-balances
		}
		check(money == accounts*initial, "sv_banking: money lost or made")
	})
}

// -- tools -----------------------------------------------------------------------------------------

func makeMailboxes(count, capacity int) []chan int {
	mailboxes := make([]chan int, count)
	for i := range mailboxes {
		mailboxes[i] = make(chan int, capacity)
	}
	return mailboxes
}

func collect(mailbox chan int, count int) {
	for i := 0; i < count; i++ {
		<-mailbox
	}
}

// The last of n arrivals opens the gate: one atomic operation per arrival, as in the other peers.
type countdown struct {
	left atomic.Int64
	gate chan int
}

func newCountdown(n int) *countdown {
	c := &countdown{gate: make(chan int, 1)}
	c.left.Store(int64(n))
	return c
}

func (c *countdown) arrive() {
	if c.left.Add(-1) == 0 {
		c.gate <- 1
	}
}

func (c *countdown) await() { <-c.gate }

func measured(work func()) result {
	cpu, start := cpuSeconds(), time.Now()
	work()
	elapsed := time.Since(start).Seconds()
	return result{seconds: elapsed, cpuSeconds: cpuSeconds() - cpu, stopNsPerOp: -1}
}

// User and system time of the whole OS process.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil, "getrusage failed")
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func rssBytes() int {
	statm, err := os.ReadFile("/proc/self/statm")
	check(err == nil, "cannot read /proc/self/statm")
	pages, err := strconv.Atoi(string(bytes.Fields(statm)[1]))
	check(err == nil, "cannot parse /proc/self/statm")
	return pages * os.Getpagesize()
}

func check(condition bool, sentence string) {
	if !condition {
		fail(1, sentence)
	}
}

func fail(code int, sentence string) {
	fmt.Fprintln(os.Stderr, sentence)
	os.Exit(code)
}

// -- fairness: four endless loops, and a ping goroutine for two seconds

const fairnessLoops = 4

func endless(over *atomic.Bool, steps *atomic.Int64) {
	x := uint64(1)
	n := int64(0)
	for !over.Load() {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		n++
	}
	if x != 0 {
		steps.Add(n)
	}
}

// stepsOfLoops runs the loops until during returns.
func stepsOfLoops(during func()) float64 {
	var over atomic.Bool
	var steps atomic.Int64
	ended := make(chan bool, fairnessLoops)
	for i := 0; i < fairnessLoops; i++ {
		go func() {
			endless(&over, &steps)
			ended <- true
		}()
	}
	during()
	over.Store(true)
	for i := 0; i < fairnessLoops; i++ {
		<-ended
	}
	return float64(steps.Load())
}

func pingFor(limit time.Duration) []float64 {
	there, back := make(chan bool, 1), make(chan bool, 1)
	go func() {
		for range there {
			back <- true
		}
	}()
	trips := make([]float64, 0, 1<<24)
	for end := time.Now().Add(limit); ; {
		begin := time.Now()
		there <- true
		<-back
		now := time.Now()
		trips = append(trips, now.Sub(begin).Seconds())
		if now.After(end) {
			close(there)
			return trips
		}
	}
}

func fairness(name string, args []string) {
	flags := flag.NewFlagSet("peer_bench", flag.ExitOnError)
	workers := flags.Int("workers", runtime.NumCPU(), "threads that run goroutines")
	flags.Parse(args)
	runtime.GOMAXPROCS(*workers)
	share := 0.0
	var trips []float64
	if name == "fairness_blocked" {
		for i := 0; i < fairnessLoops; i++ {
			go syscall.Nanosleep(&syscall.Timespec{Sec: 3600}, nil)
		}
		trips = pingFor(2 * time.Second)
	} else {
		alone := stepsOfLoops(func() { time.Sleep(time.Second) })
		both := stepsOfLoops(func() { trips = pingFor(2 * time.Second) })
		share = both / 2 / alone
	}
	sort.Float64s(trips)
	all, stalled := 0.0, 0.0
	for _, t := range trips {
		all += t
		if t > 1e-3 {
			stalled += t
		}
	}
	at := func(percent int) float64 { return 1e6 * trips[len(trips)*percent/100] }
	fmt.Printf("{\"peer\":\"go\",\"bench\":%q,\"n\":%d,\"threads\":%d,\"seconds\":2,\"p50_us\":%.2f,\"p99_us\":%.2f,"+
		"\"max_us\":%.0f,\"stalled_share\":%.4f,\"loops_share\":%.4f}\n",
		name, len(trips), *workers, at(50), at(99), 1e6*trips[len(trips)-1], stalled/all, share)
}
