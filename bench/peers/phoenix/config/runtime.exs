import Config

config :hello, Hello.Endpoint,
  adapter: if(System.get_env("ADAPTER") == "cowboy", do: Phoenix.Endpoint.Cowboy2Adapter, else: Bandit.PhoenixAdapter),
  server: true,
  http: [ip: {127, 0, 0, 1}, port: 9190],
  secret_key_base: String.duplicate("0123456789abcdef", 5)
