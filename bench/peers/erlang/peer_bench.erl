%% peer_bench — the core benchmarks in plain Erlang, as a measure to hold Joist against.
%%
%% One benchmark per OS process: `run NAME [--n N] [--workers W]` prints one JSON line. N counts
%% operations (processes, round trips, hops, leaves, messages, timers, meetings, ...), and ns_per_op is
%% seconds / N. Default heap sizes and scheduler flags. A process that collects more than it can
%% keep up with has an off-heap message queue, as the efficiency guide advises.
-module(peer_bench).
-behaviour(gen_server).
-export([main/1, init/1, handle_call/3, handle_cast/2, start_fragile/1]).

main(["fairness" ++ _ = Name, _, Workers]) ->
    fairness(Name, list_to_integer(Workers)),
    halt(0);
main([Name, Size, Workers]) ->
    case benchmark(Name) of
        {DefaultN, Run} ->
            N = case Size of "default" -> DefaultN; _ -> list_to_integer(Size) end,
            {_, Ref} = spawn_opt(fun() -> exit({result, Run(N)}) end,
                                 [monitor, {message_queue_data, off_heap}]),
            receive
                {'DOWN', Ref, process, _, {result, Result}} ->
                    print(Name, N, list_to_integer(Workers), Result),
                    halt(0);
                {'DOWN', Ref, process, _, Reason} ->
                    io:format(standard_error, "~s: ~p~n", [Name, Reason]),
                    halt(1)
            end;
        unknown ->
            io:format(standard_error, "~s: no such benchmark~n", [Name]),
            halt(2)
    end.

benchmark("spawn_idle_100k")         -> {100_000, fun spawn_idle/1};
benchmark("spawn_idle_1m")           -> {1_000_000, fun spawn_idle/1};
benchmark("spawn_exit")              -> {1_000_000, fun spawn_exit/1};
benchmark("pingpong")                -> {1_000_000, fun pingpong/1};
benchmark("ring_1")                  -> {1_000_000, fun(N) -> ring(N, 1) end};
benchmark("ring_100")                -> {1_000_000, fun(N) -> ring(N, 100) end};
benchmark("skynet")                  -> {1_000_000, fun skynet/1};
benchmark("fan_in")                  -> {4_000_000, fun fan_in/1};
benchmark("fan_out")                 -> {1_000_000, fun fan_out/1};
benchmark("call_1")                  -> {500_000, fun(N) -> call(N, 1) end};
benchmark("call_8")                  -> {500_000, fun(N) -> call(N, 8) end};
benchmark("call_queued")             -> {500_000, fun call_queued/1};
benchmark("supervise")               -> {100_000, fun supervise/1};
benchmark("timers")                  -> {1_000_000, fun timers/1};
benchmark("sv_counting")             -> {1_000_000, fun counting/1};
benchmark("sv_thread_ring")          -> {100_000, fun thread_ring/1};
benchmark("sv_fork_join_create")     -> {40_000, fun fork_join_create/1};
benchmark("sv_fork_join_throughput") -> {600_000, fun fork_join_throughput/1};
benchmark("sv_big")                  -> {2_400_000, fun big/1};
benchmark("sv_chameneos")            -> {200_000, fun chameneos/1};
benchmark("sv_concdict")             -> {200_000, fun concdict/1};
benchmark("sv_philosophers")         -> {200_000, fun philosophers/1};
benchmark("sv_sieve")                -> {100_000, fun sieve/1};
benchmark("sv_banking")              -> {50_000, fun banking/1};
benchmark(_)                         -> unknown.

%% -- fairness: four endless loops, and a ping process for two seconds -------------------------------
%%
%% fairness_plain is the same here, since all code counts its reductions; in fairness_blocked the four
%% block in a system call, the opening of a pipe that nobody writes to.

fairness(Name, Workers) ->
    {Share, Trips} =
        case Name of
            "fairness_blocked" ->
                Pipe = "/tmp/joist_fairness_" ++ os:getpid(),
                os:cmd("mkfifo " ++ Pipe),
                [spawn(fun() -> file:open(Pipe, [read, raw]) end) || _ <- lists:seq(1, 4)],
                T = ping_for(2000),
                os:cmd("sh -c ': <> " ++ Pipe ++ "'"),  % lets them go: opened for both, it has a writer
                file:delete(Pipe),
                {0.0, T};
            _ ->
                Alone = steps_of_loops(fun() -> timer:sleep(1000) end),
                Self = self(),
                Both = steps_of_loops(fun() -> Self ! {trips, ping_for(2000)} end),
                receive {trips, T} -> {Both / 2 / Alone, T} end
        end,
    Sorted = lists:sort(Trips),
    N = length(Sorted),
    At = fun(P) -> lists:nth(max(1, N * P div 100), Sorted) / 1000 end,
    All = lists:sum(Sorted),
    Stalled = lists:sum([X || X <- Sorted, X > 1_000_000]),
    io:format("{\"peer\":\"otp\",\"bench\":\"~s\",\"n\":~b,\"threads\":~b,\"seconds\":2,\"p50_us\":~.2f,"
              "\"p99_us\":~.2f,\"max_us\":~.1f,\"stalled_share\":~.4f,\"loops_share\":~.4f}~n",
              [Name, N, Workers, At(50), At(99), lists:last(Sorted) / 1000, Stalled / All, Share]).

steps_of_loops(During) ->
    Counts = counters:new(4, []),
    Loops = [spawn(fun() -> endless(Counts, I, 1, 0) end) || I <- lists:seq(1, 4)],
    During(),
    [exit(L, kill) || L <- Loops],
    lists:sum([counters:get(Counts, I) || I <- lists:seq(1, 4)]).

endless(Counts, I, X, N) when N rem 1000 =:= 0 ->
    counters:add(Counts, I, 1000),
    endless(Counts, I, X, 1);
endless(Counts, I, X, N) ->
    endless(Counts, I, (X bxor (X bsl 3)) band 16#ffffffff, N + 1).

ping_for(Milliseconds) ->
    Echo = spawn_link(fun Loop() -> receive {ping, From} -> From ! pong, Loop() end end),
    End = erlang:monotonic_time(nanosecond) + Milliseconds * 1_000_000,
    Trips = ping_until(End, Echo, []),
    unlink(Echo),
    exit(Echo, kill),
    Trips.

ping_until(End, Echo, Trips) ->
    Begin = erlang:monotonic_time(nanosecond),
    Echo ! {ping, self()},
    receive pong -> ok end,
    Now = erlang:monotonic_time(nanosecond),
    case Now > End of
        true -> [Now - Begin | Trips];
        false -> ping_until(End, Echo, [Now - Begin | Trips])
    end.

%% -- spawn -------------------------------------------------------------------------------------

spawn_idle(N) ->
    Ready = countdown(N),
    Ended = countdown(N),
    Before = rss_bytes(),
    {Idle, Spawned} = timed(fun() ->
        Pids = spawn_all(N, fun() -> idle(Ready, Ended) end, []),
        await(Ready),
        Pids
    end),
    Bytes = (rss_bytes() - Before) / N,
    {_, #{seconds := StopSeconds}} = timed(fun() ->
        [Pid ! stop || Pid <- Idle],
        await(Ended)
    end),
    Spawned#{rss_bytes_per_proc => Bytes, stop_ns_per_op => StopSeconds * 1.0e9 / N}.

%% A loop rather than a comprehension, which would leave a list of a million numbers in the bytes.
spawn_all(0, _, Pids) -> Pids;
spawn_all(N, Fun, Pids) -> spawn_all(N - 1, Fun, [spawn(Fun) | Pids]).

idle(Ready, Ended) ->
    arrive(Ready),
    receive stop -> arrive(Ended) end.

spawn_exit(N) ->
    Parent = self(),
    PerWave = N div 10,
    measured(fun() ->
        repeat(10, fun() ->
            repeat(PerWave, fun() -> spawn(fun() -> Parent ! done end) end),
            collect(PerWave, done)
        end)
    end).

skynet(N) ->
    Root = self(),
    measured(fun() ->
        spawn(fun() -> skynet(Root, 0, N) end),
        Expected = N * (N - 1) div 2,          % holds when N is a power of ten
        receive Sum -> Expected = Sum end
    end).

skynet(Parent, Number, 1) ->
    Parent ! Number;
skynet(Parent, Number, Size) ->
    Self = self(),
    Part = Size div 10,
    repeat(10, fun(I) -> spawn(fun() -> skynet(Self, Number + I * Part, Part) end) end),
    Parent ! lists:sum([receive Sum -> Sum end || _ <- lists:seq(1, 10)]).

%% -- messages ----------------------------------------------------------------------------------

%% A gen_server that adds up, and clients that ask it; a worker that throws, under a supervisor. Logging is off.
init(adder) -> {ok, 0};
init({fragile, To}) -> To ! {ready, self()}, {ok, To};
init({supervisor, To}) ->
    {ok, {#{intensity => 1_000_000_000, period => 1},
          [#{id => fragile, start => {?MODULE, start_fragile, [To]}}]}}.

handle_call({add, N}, _From, Sum) -> {reply, Sum + N, Sum + N}.
handle_cast(crash, _To) -> error(as_told).

start_fragile(To) -> gen_server:start_link(?MODULE, {fragile, To}, []).

call(N, Clients) ->
    {ok, Server} = gen_server:start_link(?MODULE, adder, []),
    Asked = countdown(Clients),
    measured(fun() ->
        [spawn(fun() -> ask(Server, N div Clients), arrive(Asked) end) || _ <- lists:seq(1, Clients)],
        await(Asked)
    end).

call_queued(N) ->
    {ok, Server} = gen_server:start_link(?MODULE, adder, []),
    [self() ! {other, I} || I <- lists:seq(1, 500_000)],
    measured(fun() -> ask(Server, N) end).

ask(_, 0) -> ok;
ask(Server, N) ->
    _ = gen_server:call(Server, {add, 1}),
    ask(Server, N - 1).

%% A supervisor walks over all restarts of its period at each: a new one after a thousand.
supervise(N) ->
    logger:set_primary_config(level, none),
    measured(fun() -> supervise_each(N) end).

supervise_each(0) -> ok;
supervise_each(N) ->
    {ok, Supervisor} = supervisor:start_link(?MODULE, {supervisor, self()}),
    Worker = receive {ready, Pid} -> Pid end,
    crash(Worker, min(N, 1000)),
    unlink(Supervisor),
    gen_server:stop(Supervisor),
    supervise_each(N - min(N, 1000)).

crash(_, 0) -> ok;
crash(Worker, N) ->
    gen_server:cast(Worker, crash),
    receive {ready, Next} -> crash(Next, N - 1) end.

pingpong(N) ->
    Parent = self(),
    measured(fun() ->
        Pong = spawn(fun() -> pong() end),
        spawn(fun() -> ping(N, Pong), Parent ! done end),
        collect(1, done)
    end).

ping(0, _) -> ok;
ping(N, Pong) ->
    Pong ! {ping, self()},
    receive pong -> ping(N - 1, Pong) end.

pong() ->
    receive {ping, From} -> From ! pong, pong() end.

%% The tokens start at even distances; each carries the hops it has left.
ring(N, Tokens) ->
    Nodes = ring_of(1000, fun ring_node/2),
    HopsEach = N div Tokens,
    measured(fun() ->
        repeat(Tokens, fun(I) -> element(1 + I * 1000 div Tokens, Nodes) ! HopsEach - 1 end),
        collect(Tokens, done)
    end).

ring_node(Next, Parent) ->
    receive
        0 -> Parent ! done;
        Hops -> Next ! Hops - 1
    end,
    ring_node(Next, Parent).

fan_in(N) ->
    measured(fun() ->
        Consumer = self(),
        repeat(4, fun() -> spawn(fun() -> repeat(N div 4, fun() -> Consumer ! message end) end) end),
        collect(N div 4 * 4, message)
    end).

fan_out(N) ->
    Parent = self(),
    Each = N div 100,
    measured(fun() ->
        Consumers = [spawn(fun() -> collect(Each, message), Parent ! done end) || _ <- lists:seq(1, 100)],
        spawn(fun() -> repeat(Each, fun() -> [C ! message || C <- Consumers] end) end),
        collect(100, done)
    end).

timers(N) ->
    measured(fun() ->
        arm(N, 1),
        collect(N, fired)
    end).

%% A generator so cheap that the figure is about timers (minimal standard, delays of 0 to 1000 ms).
arm(0, _) -> ok;
arm(N, Seed) ->
    Next = Seed * 48271 rem 2147483647,
    erlang:send_after(Next rem 1001, self(), fired),
    arm(N - 1, Next).

%% -- Savina (parameters of shamsimam/savina) ---------------------------------------------------

counting(N) ->
    Parent = self(),
    measured(fun() ->
        Counter = spawn_opt(fun() -> counter(0) end, [{message_queue_data, off_heap}]),
        spawn(fun() ->
            repeat(N, fun() -> Counter ! increment end),
            Counter ! {retrieve, self()},
            receive {count, N} -> Parent ! done end
        end),
        collect(1, done)
    end).

counter(Count) ->
    receive
        increment -> counter(Count + 1);
        {retrieve, From} -> From ! {count, Count}
    end.

%% 100 processes; after the pings an exit message goes round once.
thread_ring(N) ->
    measured(fun() ->
        Nodes = ring_of(100, fun thread_ring_node/2),
        element(1, Nodes) ! {ping, N},
        collect(1, done)
    end).

thread_ring_node(Next, Parent) ->
    receive
        {ping, 0} -> Next ! {exit, 99}, thread_ring_node(Next, Parent);
        {ping, Left} -> Next ! {ping, Left - 1}, thread_ring_node(Next, Parent);
        {exit, 0} -> Parent ! done;
        {exit, Left} -> Next ! {exit, Left - 1}
    end.

fork_join_create(N) ->
    Ended = countdown(N),
    measured(fun() ->
        repeat(N, fun() ->
            spawn(fun() -> receive work -> compute(37.2), arrive(Ended) end end) ! work
        end),
        await(Ended)
    end).

fork_join_throughput(N) ->
    Each = N div 60,
    Ended = countdown(60),
    measured(fun() ->
        Actors = [spawn(fun() -> work(Each), arrive(Ended) end) || _ <- lists:seq(1, 60)],
        repeat(Each, fun() -> [A ! work || A <- Actors] end),
        await(Ended)
    end).

work(0) -> ok;
work(N) ->
    receive work -> compute(37.2), work(N - 1) end.

compute(Theta) ->
    Sin = math:sin(Theta),
    true = Sin * Sin > 0.

%% 120 actors; each pings a random one and waits for its pong before the next ping.
big(N) ->
    Pings = N div 120,
    Ended = countdown(120),
    measured(fun() ->
        Sink = spawn(fun() -> big_sink() end),
        Actors = [spawn(fun() ->
                      receive {neighbours, All} -> big_actor(Id, Pings, none, Id, All, Sink, Ended) end
                  end) || Id <- lists:seq(0, 119)],
        Neighbours = list_to_tuple(Actors),
        Sink ! {neighbours, Neighbours},
        [A ! {neighbours, Neighbours} || A <- Actors],
        [A ! {pong, none} || A <- Actors],
        await(Ended)
    end).

big_actor(Id, Left, Expected, Random, All, Sink, Ended) ->
    receive
        {ping, From} ->
            element(From + 1, All) ! {pong, Id},
            big_actor(Id, Left, Expected, Random, All, Sink, Ended);
        {pong, From} ->
            Expected = From,
            case Left of
                0 ->
                    Sink ! finished,
                    big_actor(Id, 0, none, Random, All, Sink, Ended);
                _ ->
                    Next = (Random * 1309 + 13849) band 65535,     % Savina's PseudoRandom
                    Target = Next rem tuple_size(All),
                    element(Target + 1, All) ! {ping, Id},
                    big_actor(Id, Left - 1, Target, Next, All, Sink, Ended)
            end;
        exit ->
            arrive(Ended)
    end.

big_sink() ->
    receive
        {neighbours, All} ->
            collect(tuple_size(All), finished),
            [A ! exit || A <- tuple_to_list(All)]
    end.

%% 100 creatures meet in pairs at a mall. Colours are 0, 1 and 2.
chameneos(N) ->
    Parent = self(),
    measured(fun() ->
        spawn(fun() ->
            Mall = self(),
            repeat(100, fun(Id) ->
                spawn(fun() ->
                    Colour = Id rem 3,
                    Mall ! {meet, Colour, self()},
                    creature(Mall, Colour, 0)
                end)
            end),
            Meetings = mall(N, nobody, 100, 0),
            Meetings = 2 * N,
            Parent ! done
        end),
        collect(1, done)
    end).

mall(_, _, 0, Sum) ->
    Sum;
mall(Left, Waiting, Creatures, Sum) ->
    receive
        {meet, _, From} when Left =:= 0 ->
            From ! {exit, self()},
            mall(Left, Waiting, Creatures, Sum);
        {meet, _, From} when Waiting =:= nobody ->
            mall(Left, From, Creatures, Sum);
        {meet, _, _} = Meet ->
            Waiting ! Meet,
            mall(Left - 1, nobody, Creatures, Sum);
        {meetings, Count} ->
            mall(Left, Waiting, Creatures - 1, Sum + Count)
    end.

creature(Mall, Colour, Meetings) ->
    receive
        {meet, Other, From} ->
            New = complement(Colour, Other),
            From ! {change, New},
            Mall ! {meet, New, self()},
            creature(Mall, New, Meetings + 1);
        {change, New} ->
            Mall ! {meet, New, self()},
            creature(Mall, New, Meetings + 1);
        {exit, From} ->
            From ! {meetings, Meetings}
    end.

complement(Colour, Colour) -> Colour;
complement(Colour, Other) -> 3 - Colour - Other.

%% 20 workers ask a dictionary, which is filled before the time begins; one request in ten writes.
%% What is written under a key is congruent to it, so that each answer can be checked.
-define(DICTIONARY_LIMIT, 524287).

concdict(N) ->
    Parent = self(),
    Each = N div 20,
    Dictionary = spawn(fun() ->
        Entries = maps:from_list([{Key, Key} || Key <- lists:seq(0, ?DICTIONARY_LIMIT - 1)]),
        Parent ! filled,
        Parent ! {size, dictionary(Entries)}
    end),
    collect(1, filled),
    {Right, Measured} = timed(fun() ->
        repeat(20, fun(Id) ->
            spawn(fun() -> Parent ! {answers, dictionary_worker(Each, Id + 1, Dictionary, 0)} end)
        end),
        lists:sum([receive {answers, Count} -> Count end || _ <- lists:seq(1, 20)])
    end),
    Right = Each * 20,
    Dictionary ! exit,
    receive {size, Size} -> ?DICTIONARY_LIMIT = Size end,
    Measured.

dictionary(Entries) ->
    receive
        {read, From, Key} ->
            From ! {entry, map_get(Key, Entries)},
            dictionary(Entries);
        {write, From, Key, Value} ->
            From ! {entry, Value},
            dictionary(Entries#{Key => Value});
        exit ->
            map_size(Entries)
    end.

dictionary_worker(0, _, _, Right) ->
    Right;
dictionary_worker(Left, Random, Dictionary, Right) ->
    Kind = minstd(Random),
    Number = minstd(Kind),
    Key = Number rem ?DICTIONARY_LIMIT,
    Next = case Kind rem 100 < 10 of
        true ->
            Spread = minstd(Number),
            Dictionary ! {write, self(), Key, Key + ?DICTIONARY_LIMIT * (Spread rem 4096)},
            Spread;
        false ->
            Dictionary ! {read, self(), Key},
            Number
    end,
    receive
        {entry, Value} when Value rem ?DICTIONARY_LIMIT =:= Key ->
            dictionary_worker(Left - 1, Next, Dictionary, Right + 1);
        {entry, _} ->
            dictionary_worker(Left - 1, Next, Dictionary, Right)
    end.

minstd(Random) -> Random * 48271 rem 2147483647.

%% 20 philosophers; who is denied a fork asks again at once.
philosophers(N) ->
    Parent = self(),
    Rounds = N div 20,
    measured(fun() ->
        spawn_link(fun() ->                     % so that a wrong result ends the run
            Arbitrator = self(),
            repeat(20, fun(Id) ->
                spawn(fun() ->
                    self() ! start,
                    Arbitrator ! {rounds, philosopher(Rounds, 0, Id, Arbitrator)}
                end)
            end),
            Eaten = Rounds * 20,
            {Eaten, Eaten} = arbitrator(20, erlang:make_tuple(20, false), 0, 0),
            Parent ! done
        end),
        collect(1, done)
    end).

philosopher(Rounds, Rounds, _, _) ->
    Rounds;
philosopher(Rounds, Eaten, Id, Arbitrator) ->
    receive
        start ->
            Arbitrator ! {hungry, self(), Id},
            philosopher(Rounds, Eaten, Id, Arbitrator);
        denied ->
            Arbitrator ! {hungry, self(), Id},
            philosopher(Rounds, Eaten, Id, Arbitrator);
        eat ->
            Arbitrator ! {fed, Id},
            [self() ! start || Eaten + 1 < Rounds],
            philosopher(Rounds, Eaten + 1, Id, Arbitrator)
    end.

arbitrator(0, _, Meals, Eaten) ->
    {Meals, Eaten};
arbitrator(Here, Taken, Meals, Eaten) ->
    receive
        {hungry, From, Id} ->
            case forks(Id, Taken) of
                {false, false} ->
                    From ! eat,
                    arbitrator(Here, set_forks(Id, true, Taken), Meals, Eaten);
                _ ->
                    From ! denied,
                    arbitrator(Here, Taken, Meals, Eaten)
            end;
        {fed, Id} ->
            {true, true} = forks(Id, Taken),
            arbitrator(Here, set_forks(Id, false, Taken), Meals + 1, Eaten);
        {rounds, Rounds} ->
            arbitrator(Here - 1, Taken, Meals, Eaten + Rounds)
    end.

forks(Id, Taken) ->
    {element(Id + 1, Taken), element((Id + 1) rem 20 + 1, Taken)}.

set_forks(Id, Value, Taken) ->
    setelement((Id + 1) rem 20 + 1, setelement(Id + 1, Taken, Value), Value).

%% The numbers below N: 2, with which the first filter begins, and the odd numbers. A filter keeps
%% the first 1000 primes that reach it, and passes on what none of them divides.
sieve(N) ->
    Parent = self(),
    Limit = N,
    {Primes, Measured} = timed(fun() ->
        First = spawn_filter(2, 0, Parent),
        spawn(fun() -> send_candidates(3, Limit, First) end),
        receive {primes, Count} -> Count end
    end),
    Primes = length([2 | [C || C <- lists:seq(3, Limit - 1, 2), is_prime(C, 3)]]),
    Measured.

send_candidates(Candidate, Limit, First) when Candidate >= Limit ->
    First ! exit;
send_candidates(Candidate, Limit, First) ->
    First ! Candidate,
    send_candidates(Candidate + 2, Limit, First).

spawn_filter(Prime, Before, Sink) ->
    spawn_opt(fun() -> prime_filter([Prime], 1, Before, none, Sink) end, [{message_queue_data, off_heap}]).

prime_filter(Primes, Count, Before, Next, Sink) ->
    receive
        exit when Next =:= none ->
            Sink ! {primes, Before + Count};
        exit ->
            Next ! exit;
        Candidate ->
            case is_divided(Candidate, Primes) of
                true ->
                    prime_filter(Primes, Count, Before, Next, Sink);
                false when Next =/= none ->
                    Next ! Candidate,
                    prime_filter(Primes, Count, Before, Next, Sink);
                false when Count < 1000 ->
                    prime_filter(Primes ++ [Candidate], Count + 1, Before, none, Sink);
                false ->
                    prime_filter(Primes, Count, Before, spawn_filter(Candidate, Before + Count, Sink), Sink)
            end
    end.

is_divided(_, []) -> false;
is_divided(Candidate, [Prime | _]) when Candidate rem Prime =:= 0 -> true;
is_divided(Candidate, [_ | Primes]) -> is_divided(Candidate, Primes).

is_prime(Odd, Divisor) when Divisor * Divisor > Odd -> true;
is_prime(Odd, Divisor) when Odd rem Divisor =:= 0 -> false;
is_prime(Odd, Divisor) -> is_prime(Odd, Divisor + 2).

%% 1000 accounts. Money goes from lower ones to higher ones, so that no circle of them waits.
banking(N) ->
    Initial = 1_000_000_000,
    measured(fun() ->
        Teller = self(),
        Accounts = list_to_tuple([spawn(fun() -> account(Initial, Teller) end) || _ <- lists:seq(1, 1000)]),
        order_transfers(N, 123456, Accounts),
        collect(N, transferred),
        [A ! exit || A <- tuple_to_list(Accounts)],
        Expected = 1000 * Initial,
        Expected = lists:sum([receive {balance, Balance} -> Balance end || _ <- lists:seq(1, 1000)])
    end).

order_transfers(0, _, _) -> ok;
order_transfers(N, Random, Accounts) ->
    R1 = pseudo_random(Random),
    R2 = pseudo_random(R1),
    R3 = pseudo_random(R2),
    From = R1 rem 800,
    To = From + max(1, R2 rem (1000 - From)),
    element(From + 1, Accounts) ! {transfer, self(), element(To + 1, Accounts), 1 + R3 rem 1000},
    order_transfers(N - 1, R3, Accounts).

pseudo_random(Random) -> (Random * 1309 + 13849) band 65535.

%% While it waits for a receipt, the other messages stay in its mailbox.
account(Balance, Teller) ->
    receive
        {transfer, From, To, Amount} ->
            Receipt = make_ref(),
            To ! {deposit, self(), Receipt, Amount},
            receive {deposited, Receipt} -> From ! transferred end,
            account(Balance - Amount, Teller);
        {deposit, From, Receipt, Amount} ->
            From ! {deposited, Receipt},
            account(Balance + Amount, Teller);
        exit ->
            Teller ! {balance, Balance}
    end.

%% -- tools -------------------------------------------------------------------------------------

repeat(N, Fun) when is_function(Fun, 0) -> repeat_plain(N, Fun);
repeat(N, Fun) when is_function(Fun, 1) -> repeat_indexed(0, N, Fun).

repeat_plain(0, _) -> ok;
repeat_plain(N, Fun) -> Fun(), repeat_plain(N - 1, Fun).

repeat_indexed(N, N, _) -> ok;
repeat_indexed(I, N, Fun) -> Fun(I), repeat_indexed(I + 1, N, Fun).

collect(0, _) -> ok;
collect(N, Message) ->
    receive Message -> collect(N - 1, Message) end.

%% A ring of processes as a tuple; each runs Node(Next, Parent).
ring_of(Size, Node) ->
    Parent = self(),
    First = spawn(fun() -> receive {next, Next} -> Node(Next, Parent) end end),
    Rest = lists:foldl(fun(_, [Next | _] = Tail) ->
                           [spawn(fun() -> Node(Next, Parent) end) | Tail]
                       end, [First], lists:seq(2, Size)),
    First ! {next, hd(Rest)},
    list_to_tuple(Rest).

%% The last of N arrivals wakes the process that made the countdown: one atomic operation per
%% arrival, so that the arrivals cost little beside what is measured.
countdown(N) ->
    Counter = atomics:new(1, []),
    atomics:put(Counter, 1, N),
    {Counter, self(), make_ref()}.

arrive({Counter, Waiter, Ref}) ->
    case atomics:sub_get(Counter, 1, 1) of
        0 -> Waiter ! Ref;
        _ -> ok
    end.

await({_, _, Ref}) ->
    receive Ref -> ok end.

measured(Fun) ->
    {_, Measured} = timed(Fun),
    Measured.

timed(Fun) ->
    Cpu = cpu_seconds(),
    Start = erlang:monotonic_time(nanosecond),
    Value = Fun(),
    End = erlang:monotonic_time(nanosecond),
    {Value, #{seconds => (End - Start) / 1.0e9, cpu_seconds => cpu_seconds() - Cpu}}.

%% User and system time of the whole OS process, in ticks of 10 ms.
cpu_seconds() ->
    {ok, Stat} = file:read_file("/proc/self/stat"),
    [_, AfterName] = binary:split(Stat, <<") ">>),
    Fields = binary:split(AfterName, <<" ">>, [global]),
    (binary_to_integer(lists:nth(12, Fields)) + binary_to_integer(lists:nth(13, Fields))) / 100.

rss_bytes() ->
    {ok, Statm} = file:read_file("/proc/self/statm"),
    [_, Resident | _] = binary:split(Statm, <<" ">>, [global]),
    binary_to_integer(Resident) * 4096.

print(Name, N, Workers, #{seconds := Seconds, cpu_seconds := Cpu} = Result) ->
    io:format("{\"peer\":\"otp\",\"bench\":\"~s\",\"n\":~b,\"threads\":~b,\"seconds\":~.6f,"
              "\"ns_per_op\":~.2f,\"cpu_seconds\":~.3f,\"rss_bytes_per_proc\":~.1f~s}~n",
              [Name, N, Workers, Seconds, Seconds * 1.0e9 / N, float(Cpu),
               float(maps:get(rss_bytes_per_proc, Result, 0)), stop_field(Result)]).

stop_field(#{stop_ns_per_op := Stop}) -> io_lib:format(",\"stop_ns_per_op\":~.2f", [Stop]);
stop_field(_) -> "".
