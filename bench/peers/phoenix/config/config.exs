import Config

config :hello, Hello.Endpoint,
  render_errors: [formats: [], layout: false],
  pubsub_server: Hello.PubSub

config :phoenix, :json_library, Jason
config :logger, level: :error
