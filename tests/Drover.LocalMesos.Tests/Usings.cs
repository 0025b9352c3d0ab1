// Names that Mesos and .NET both use, told apart once.
global using Drover.Mesos;
global using Drover.Mesos.V1;
global using Microsoft.Extensions.Logging.Abstractions;
global using Task = System.Threading.Tasks.Task;
global using TaskStatus = Drover.Mesos.V1.TaskStatus;
