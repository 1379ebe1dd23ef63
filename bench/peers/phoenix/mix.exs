# Hello world by Phoenix, as its generator makes an API: what joist_bench_server is measured beside.
#   mix deps.get && MIX_ENV=prod mix release && ADAPTER=bandit _build/prod/rel/hello/bin/hello start    # or ADAPTER=cowboy
defmodule Hello.MixProject do
  use Mix.Project

  def project do
    [app: :hello, version: "0.1.0", elixir: "~> 1.14", start_permanent: true, deps: deps()]
  end

  def application do
    [mod: {Hello.Application, []}, extra_applications: [:logger]]
  end

  defp deps do
    [{:phoenix, "~> 1.7.24"}, {:bandit, "~> 1.5"}, {:plug_cowboy, "~> 2.7"}, {:jason, "~> 1.4"}]
  end
end
